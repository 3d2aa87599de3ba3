#!/usr/bin/env bash
# Lists the sessions of the owner of an access key that has the scope sessions:read.
# VESTIBULE_URL is the address of the server, VESTIBULE_KEY the key.
set -euo pipefail
# On standard input: every user of this machine can read the arguments of a program.
printf 'header = "Authorization: Bearer %s"\n' "$VESTIBULE_KEY" |
    curl --config - --silent --show-error --fail-with-body "${VESTIBULE_URL%/}/api/v1/sessions"
