# For Python's requests: session.auth = SsaHsmAuth("data:read"). Each request carries an access token of the service
# account. It comes from the agent, or, where no agent runs, from `ssa-hsm token`.
import http.client, json, os, socket, subprocess, urllib.parse
import requests.auth

SOCKET = os.environ.get("SSA_HSM_AGENT") or os.path.join(os.environ.get("XDG_RUNTIME_DIR", "/run"), "ssa-hsm/agent.sock")


class Agent(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)


class SsaHsmAuth(requests.auth.AuthBase):
    def __init__(self, scope):
        self.scope = scope

    def token(self):
        try:
            agent = Agent("agent")
            agent.request("GET", "/v1/token?" + urllib.parse.urlencode({"scope": self.scope}))
            answer = agent.getresponse()
            if answer.status == 200:
                return json.load(answer)["access_token"]
        except (OSError, http.client.HTTPException):
            pass
        command = ["ssa-hsm", "token", "--format", "token", "--scope", self.scope]
        return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()

    def __call__(self, request):
        request.headers["Authorization"] = "Bearer " + self.token()
        return request
