"""The product URNs that tests speak of."""

_SONATA = "urn:mef:lso:spec:sonata"

ACCESS_ELINE = f"{_SONATA}:access-eline-ovc:v5.0.0:all"
OPERATOR_UNI = f"{_SONATA}:carrier-ethernet-operator-uni:v5.0.0:all"
