// For the provider's SDK for Node: new DataManagementClient({ authenticationProvider: new SsaHsmAuthenticationProvider() }).
// Access tokens come from the agent, or, where no agent runs, from `ssa-hsm token`.
'use strict';
const http = require('node:http');
const { execFile } = require('node:child_process');
const { promisify } = require('node:util');

const socketPath = process.env.SSA_HSM_AGENT || `${process.env.XDG_RUNTIME_DIR || '/run'}/ssa-hsm/agent.sock`;

function askAgent(scope) {
  return new Promise((resolve, reject) => {
    const path = `/v1/token?${new URLSearchParams({ scope })}`;
    http.get({ socketPath, path }, async (answer) => {
      const body = Buffer.concat(await answer.toArray());
      if (answer.statusCode === 200) resolve(JSON.parse(body).access_token);
      else reject(new Error(`the agent answers ${answer.statusCode}`));
    }).on('error', reject);
  });
}

class SsaHsmAuthenticationProvider {
  async getAccessToken(scopes = ['data:read']) {
    const scope = scopes.join(' ');
    const run = () => promisify(execFile)('ssa-hsm', ['token', '--format', 'token', '--scope', scope]);
    return askAgent(scope).catch(async () => (await run()).stdout.trim());
  }
}

module.exports = { SsaHsmAuthenticationProvider };
