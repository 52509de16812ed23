"""hmac_oracle.py KEYFILE (ID HEX)...: HEX is the beginning of ID's HMAC-SHA256 by the key file's bytes."""
import hashlib
import hmac
import sys

key = open(sys.argv[1], "rb").read()
for id_, hex_ in zip(sys.argv[2::2], sys.argv[3::2]):
    want = hmac.new(key, id_.encode(), hashlib.sha256).hexdigest()[: len(hex_)]
    assert len(hex_) >= 16 and hex_ == want, (id_, hex_, want)
