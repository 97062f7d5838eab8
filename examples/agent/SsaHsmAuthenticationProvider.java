// For the provider's SDK for Java: new DataManagementClient(new SsaHsmAuthenticationProvider()). Needs Java 16.
// Access tokens come from the agent, or, where no agent runs, from `ssa-hsm token`.
import com.autodesk.aps.sdkmanager.IAuthenticationProvider;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import static java.nio.charset.StandardCharsets.UTF_8;

public class SsaHsmAuthenticationProvider implements IAuthenticationProvider {
    private static final Pattern TOKEN = Pattern.compile("\"access_token\" *: *\"([^\"]+)\"");

    @Override
    public String getAccessToken(Iterable<String> scopes) {
        String scope = String.join(" ", scopes != null ? scopes : List.of("data:read"));
        try {
            Matcher found = TOKEN.matcher(askAgent(scope));
            if (found.find())
                return found.group(1);
        } catch (IOException noAgent) {
            // The program then does it alone.
        }
        try {
            Process process = new ProcessBuilder("ssa-hsm", "token", "--format", "token", "--scope", scope)
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
            String token = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
            if (process.waitFor() != 0)
                throw new IllegalStateException("ssa-hsm token failed");
            return token;
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String askAgent(String scope) throws IOException {
        String named = System.getenv("SSA_HSM_AGENT"), run = System.getenv("XDG_RUNTIME_DIR");
        String path = named != null && !named.isEmpty() ? named : (run != null ? run : "/run") + "/ssa-hsm/agent.sock";
        String request = "GET /v1/token?scope=" + URLEncoder.encode(scope, UTF_8)
            + " HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n\r\n";
        try (SocketChannel agent = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            agent.write(ByteBuffer.wrap(request.getBytes(UTF_8)));
            return new String(Channels.newInputStream(agent).readAllBytes(), UTF_8);
        }
    }
}
