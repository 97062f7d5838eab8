"""The walkthrough's way in Python: PyJWT signs with a key in a file, and requests asks for the access token.

Where requests is not installed, the standard library asks. Its settings are in the environment (world.py).
"""

import os
import time

import jwt

try:
    import requests
except ImportError:
    import base64
    import json
    import urllib.parse
    import urllib.request

SCOPES = ["data:read", "data:write"]
TOKEN_URL = "https://developer.api.autodesk.com/authentication/v2/token"
URL = os.environ["BENCH_URL"] + "/authentication/v2/token"
CLIENT = os.environ["APS_CLIENT_ID"], os.environ["APS_SECRET_ID"]

claims = {
    "iss": CLIENT[0],
    "sub": os.environ["SERVICE_ACCOUNT_ID"],
    "aud": TOKEN_URL,
    "exp": int(time.time()) + 300,
    "scope": SCOPES,
}
with open(os.environ["BENCH_KEY_FILE"]) as file:
    assertion = jwt.encode(claims, file.read(), algorithm="RS256", headers={"kid": os.environ["KEY_ID"]})

form = {
    "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "assertion": assertion,
    "scope": " ".join(SCOPES),
}
if "requests" in globals():
    response = requests.post(URL, data=form, auth=CLIENT, headers={"Accept": "application/json"}, timeout=30)
    response.raise_for_status()
    print(response.json()["access_token"])
else:
    login = base64.b64encode(":".join(CLIENT).encode()).decode()
    headers = {"Accept": "application/json", "Authorization": f"Basic {login}"}
    request = urllib.request.Request(URL, urllib.parse.urlencode(form).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        print(json.load(answer)["access_token"])
