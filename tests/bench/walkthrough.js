// The walkthrough's way in Node: jsonwebtoken signs with a key in a file, and fetch asks for the access token.
// Its settings are in the environment (world.py).
'use strict';
const fs = require('fs');
const jwt = require('jsonwebtoken');

const env = process.env;
const scopes = ['data:read', 'data:write'];

async function main() {
  const claims = {
    iss: env.APS_CLIENT_ID,
    sub: env.SERVICE_ACCOUNT_ID,
    aud: 'https://developer.api.autodesk.com/authentication/v2/token',
    exp: Math.floor(Date.now() / 1000) + 300,
    scope: scopes,
  };
  const header = { alg: 'RS256', kid: env.KEY_ID };
  const assertion = jwt.sign(claims, fs.readFileSync(env.BENCH_KEY_FILE), { algorithm: 'RS256', header });
  const response = await fetch(`${env.BENCH_URL}/authentication/v2/token`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      Accept: 'application/json',
      Authorization: `Basic ${Buffer.from(`${env.APS_CLIENT_ID}:${env.APS_SECRET_ID}`).toString('base64')}`,
    },
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion,
      scope: scopes.join(' '),
    }),
  });
  if (!response.ok) throw new Error(`the API answers ${response.status}`);
  console.log((await response.json()).access_token);
}

main().catch(error => {
  console.error(error);
  process.exitCode = 1;
});
