# A payment institution at its bank, by STET PSD2: sh institution.sh register|read|delete URL
# The website certificate (qwac) opens the connection, the key of the seal (qseal) signs each request.
set -eu
cd "$(dirname "$0")"
case ${1-} in
register | read | delete) ;;
*) set -- ;;
esac
[ $# -eq 2 ] || { echo "usage: sh institution.sh register|read|delete URL-OF-THE-BANK" >&2 && exit 2; }
verb=$1 bank=$2
registrations=/stet/setting/v1/register

send() {
  curl --silent --show-error --fail-with-body --cacert server.pem --cert qwac.pem --key qwac.key \
    --header 'Accept: application/json' "$@"
}

# A token for the certificate of the connection (RFC 6749 section 4.4, RFC 8705 section 3).
answer=$(send --data 'grant_type=client_credentials&scope=manageRegistration&client_id=PSD2_TPPRegister' \
  "$bank/stet/psd2/oauth/token") || { echo "$answer" >&2 && exit 1; }
token=$(echo "$answer" | sed 's/.*"access_token": *"\([^"]*\)".*/\1/')

# Sends a request with a signature of its headers (draft-cavage-http-signatures-12): METHOD PATH [FILE]
signed() {
  method=$1 path=$2
  id=$(openssl rand -hex 16)
  headers='(request-target) x-request-id'
  lines=$(printf '(request-target): %s %s\nx-request-id: %s' "$(echo "$method" | tr A-Z a-z)" "$path" "$id")
  shift 2
  if [ $# -gt 0 ]; then
    digest="SHA-256=$(openssl dgst -sha256 -binary "$1" | openssl base64 -A)"
    headers="$headers digest"
    lines=$(printf '%s\ndigest: %s' "$lines" "$digest")
    set -- --header 'Content-Type: application/json' --header "Digest: $digest" --data-binary "@$1"
  fi
  signature=$(printf '%s' "$lines" | openssl dgst -sha256 -sign qseal.key -binary | openssl base64 -A)
  send --write-out '\n' --request "$method" --header "Authorization: Bearer $token" --header "X-Request-ID: $id" \
    --header "Signature: keyId=\"seal\",headers=\"$headers\",signature=\"$signature\"" "$@" "$bank$path"
}

client=$registrations/$(sed -n 's/.*"provider_legal_id": "\(.*\)".*/\1/p' registration.json)
case $verb in
register) signed POST $registrations registration.json ;;
read) signed GET "$client" ;;
delete) signed DELETE "$client" && echo 'The registration is deleted.' ;;
esac
