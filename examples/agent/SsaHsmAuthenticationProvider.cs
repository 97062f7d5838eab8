// For the provider's SDK for .NET: new DataManagementClient(authenticationProvider: new SsaHsmAuthenticationProvider()).
// Access tokens come from the agent, or, where no agent runs, from `ssa-hsm token`.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Net.Http;
using System.Net.Sockets;
using System.Text.Json;
using System.Threading.Tasks;
using Autodesk.SDKManager;

public class SsaHsmAuthenticationProvider : IAuthenticationProvider
{
    static readonly string Named = Environment.GetEnvironmentVariable("SSA_HSM_AGENT");
    static readonly string Path = !string.IsNullOrEmpty(Named)
        ? Named : (Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") ?? "/run") + "/ssa-hsm/agent.sock";

    static readonly HttpClient Agent = new HttpClient(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancel) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
    });

    public async Task<string> GetAccessToken(IEnumerable<string> scopes = default)
    {
        var scope = string.Join(' ', scopes ?? new[] { "data:read" });
        try
        {
            var answer = await Agent.GetStringAsync("http://agent/v1/token?scope=" + Uri.EscapeDataString(scope));
            return JsonDocument.Parse(answer).RootElement.GetProperty("access_token").GetString();
        }
        catch (HttpRequestException) { } // The program then does it alone.
        var start = new ProcessStartInfo("ssa-hsm") { RedirectStandardOutput = true };
        foreach (var word in new[] { "token", "--format", "token", "--scope", scope })
            start.ArgumentList.Add(word);
        using (var process = Process.Start(start))
        {
            var token = (await process.StandardOutput.ReadToEndAsync()).Trim();
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? token : throw new InvalidOperationException("ssa-hsm token failed");
        }
    }
}
