#!/usr/bin/env python3
"""Lists the sessions of the owner of an access key that has the scope sessions:read.

VESTIBULE_URL is the address of the server, VESTIBULE_KEY the key."""
import json, os, sys, urllib.error, urllib.request

headers = {"Authorization": "Bearer " + os.environ["VESTIBULE_KEY"]}
request = urllib.request.Request(os.environ["VESTIBULE_URL"].rstrip("/") + "/api/v1/sessions", headers=headers)
try:
    for session in json.load(urllib.request.urlopen(request))["items"]:
        print(session["last_seen_at"], session["address"], session["device"])
except urllib.error.HTTPError as problem:
    sys.exit(json.load(problem)["detail"])
