#!/bin/sh
# The shell pipeline: pkcs11-tool signs, openssl encodes, curl asks. Its settings are in the environment (world.py).
set -eu

base64url() {
    openssl base64 -A | tr '+/' '-_' | tr -d =
}

header='{"alg":"RS256","kid":"'$KEY_ID'","typ":"JWT"}'
claims='{"iss":"'$APS_CLIENT_ID'","sub":"'$SERVICE_ACCOUNT_ID'",'
claims=$claims'"aud":"https://developer.api.autodesk.com/authentication/v2/token",'
claims=$claims'"exp":'$(($(date +%s) + 300))',"scope":["data:read","data:write"]}'
input=$(printf %s "$header" | base64url).$(printf %s "$claims" | base64url)

BENCH_PIN=$(cat "$BENCH_PIN_FILE")
export BENCH_PIN
signature=$(printf %s "$input" | pkcs11-tool --module "$BENCH_MODULE" --token-label "$BENCH_TOKEN" --login \
    --pin env:BENCH_PIN --id "$BENCH_KEY_ID_HEX" --sign --mechanism SHA256-RSA-PKCS 2>/dev/null | base64url)

# Where BENCH_CA is not set, curl uses the system's certificates, and the folder that SSL_CERT_DIR names.
curl --silent --show-error --fail ${BENCH_CA:+--cacert "$BENCH_CA"} --user "$APS_CLIENT_ID:$APS_SECRET_ID" \
    --header 'Accept: application/json' \
    --data-urlencode 'grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer' \
    --data-urlencode "assertion=$input.$signature" --data-urlencode 'scope=data:read data:write' \
    "$BENCH_URL/authentication/v2/token" |
    sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p'
