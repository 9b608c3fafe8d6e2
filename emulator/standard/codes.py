"""Codes of countries and of languages in two letters, as ISO 3166-1 and ISO 639 have them."""

from __future__ import annotations

from typing import Final, Literal

Standing = Literal["code", "reserved", "unknown"]
"""What two letters are: a code, what may stand for one by agreement or once did, or nothing that the list has."""


def _set(codes: str) -> frozenset[str]:
    return frozenset(codes.split())


COUNTRIES: Final = _set(
    """ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br bs bt bv bw by bz
    ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et fi fj fk fm fo fr
    ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp
    ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt
    mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw
    sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz
    ua ug um us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw"""
)

_RESERVED: Final = _set("ac cp cq dg ea eu ez fx ic su ta uk un an bu cs nt sf tp yu zr dd")
"""Codes that are kept for what uses them already, or that were those of countries once."""
_USERS: Final = frozenset(["aa", "zz", *(f"q{letter}" for letter in "mnopqrstuvwxyz")])
"""Codes that who likes may give a meaning, beside all those with an x in front, such as xk."""

LANGUAGES: Final = _set(
    """aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo
    es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg
    ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn
    no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta
    te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"""
)
_RETIRED: Final = _set("bh in iw ji jw mo sh")
"""Codes that languages had once."""


def country(text: str) -> Standing:
    """What two letters are as the code of a country; capitals make no difference."""
    code = text.casefold()
    if code in COUNTRIES:
        return "code"
    users = code in _USERS or (len(code) == 2 and code[0] == "x" and code.isascii() and code.isalpha())  # noqa: PLR2004
    return "reserved" if users or code in _RESERVED else "unknown"


def language(text: str) -> Standing:
    """What two letters are as the code of a language; capitals make no difference."""
    code = text.casefold()
    return "code" if code in LANGUAGES else "reserved" if code in _RETIRED else "unknown"
