"""What secrets look like: the tokens of services by their prefixes, keys, passwords in URLs.

Each shape has literals of which one stands in every text that it matches: looking for a literal
costs a hundredth of trying the pattern. The prefixes are those that the services document and that
secret scanners (gitleaks, trufflehog) know. Every quantifier is bounded or possessive, so that no
text makes a search slow.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class SecretShape:
    """A secret's look. The pattern's group `secret`, or the whole match, is the secret itself.

    Where `folded`, the literals are in lower case and stand for any case.
    """

    literals: tuple[str, ...]
    pattern: str
    folded: bool = False

    @functools.cached_property
    def regex(self) -> re.Pattern[str]:
        return re.compile(self.pattern)


def _token(prefix: str, rest: str, *literals: str) -> SecretShape:
    return SecretShape(literals or (prefix,), rf"(?<![A-Za-z0-9])(?:{prefix}){rest}")


# A prefix, what follows it, and the literals where the prefix is a pattern.
TOKENS: Final = (
    _token(
        "(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)",
        "[A-Z0-9]{16}(?![A-Za-z0-9])",
        "A3T",
        "AKIA",
        "ASIA",
        "ABIA",
        "ACCA",
    ),
    _token("gh[pousr]_", "[A-Za-z0-9]{30,255}", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    _token("github_pat_", "[A-Za-z0-9_]{22,255}"),
    _token(
        "gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-",
        "[A-Za-z0-9_-]{20,300}",
        "glpat-",
        "gldt-",
        "glrt-",
        "glcbt-",
        "glptt-",
        "glft-",
        "glimt-",
        "glagent-",
        "gloas-",
        "glsoat-",
        "glffct-",
    ),
    _token("xox[abeoprs]-", "[A-Za-z0-9-]{10,250}", "xox"),
    _token("xapp-", "[A-Za-z0-9-]{20,250}"),
    SecretShape(
        ("hooks.slack.com/", "discord"),
        r"(?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks)/"
        r"(?P<secret>[A-Za-z0-9/_+-]{20,200})",
    ),
    _token("(?:sk|rk|pk)_(?:live|test|prod)_", "[A-Za-z0-9]{10,255}", "sk_", "rk_", "pk_"),
    _token("whsec_", "[A-Za-z0-9+/=]{20,100}"),
    _token("sk-", "[A-Za-z0-9_-]{20,300}"),
    _token("(?:hf|api_org)_", "[A-Za-z0-9]{30,100}", "hf_", "api_org_"),
    _token("npm_", "[A-Za-z0-9]{30,100}"),
    _token("pypi-", "[A-Za-z0-9_-]{50,300}"),
    _token("AIza", "[0-9A-Za-z_-]{35}"),
    _token(r"ya29\.", "[A-Za-z0-9_-]{20,500}", "ya29."),
    _token("GOCSPX-", "[A-Za-z0-9_-]{20,60}"),
    SecretShape(
        ("eyJ",),
        r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{4,8000}"
        r"\.[A-Za-z0-9_-]{0,1000}",
    ),
    _token(r"SG\.", r"[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}", "SG."),
    _token("key-", "[0-9a-f]{32}(?![0-9a-f])"),
    _token("SK", "[0-9a-f]{32}(?![0-9a-f])"),
    _token("do[opr]_v1_", "[a-f0-9]{64}", "_v1_"),
    _token(r"dp\.(?:pt|st|sa|ct|scim|audit)\.", "[A-Za-z0-9.]{40,100}", "dp."),
    _token("lin_(?:api|oauth)_", "[A-Za-z0-9]{30,100}", "lin_"),
    _token("(?:ntn|secret)_", "[A-Za-z0-9]{40,60}", "ntn_", "secret_"),
    _token("dapi", "[a-f0-9]{32}(?:-[0-9])?"),
    _token("gl(?:c|sa)_", "[A-Za-z0-9+/_=]{30,400}", "glc_", "glsa_"),
    _token(r"hv[sbr]\.", "[A-Za-z0-9_-]{20,300}", "hvs.", "hvb.", "hvr."),
    _token("HRKU-", "[A-Za-z0-9_-]{30,80}"),
    _token("shp(?:at|ca|pa|ss)_", "[A-Fa-f0-9]{32}", "shpat_", "shpca_", "shppa_", "shpss_"),
    _token("sq0(?:atp|csp|idp)-", "[A-Za-z0-9_-]{20,60}", "sq0"),
    SecretShape((".atlasv1.",), r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}"),
    _token("NRAK-", "[A-Z0-9]{27}"),
    _token("PMAK-", "[a-f0-9]{24}-[a-f0-9]{34}"),
    _token("pul-", "[a-f0-9]{40}"),
    _token("r8_", "[A-Za-z0-9]{30,60}"),
    _token("gsk_", "[A-Za-z0-9]{40,80}"),
    _token("xai-", "[A-Za-z0-9]{60,100}"),
    _token("pplx-", "[A-Za-z0-9]{40,64}"),
    _token("(?:fo1_|fm[12][ar]?_)", "[A-Za-z0-9+/_=-]{30,600}", "fo1_", "fm1", "fm2"),
    _token("sb(?:p|_secret)_", "[A-Za-z0-9_]{30,100}", "sbp_", "sb_secret_"),
    _token("sntry[su]_", "[A-Za-z0-9+/_=-]{30,300}", "sntry"),
    _token("figd_", "[A-Za-z0-9_-]{30,80}"),
    _token("ops_eyJ", "[A-Za-z0-9+/=]{100,2000}"),
    SecretShape(("pat",), r"(?<![A-Za-z0-9])pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    _token("rubygems_", "[a-f0-9]{48}"),
    _token("dckr_(?:pat|oat)_", "[A-Za-z0-9_-]{20,60}", "dckr_"),
    _token("AT(?:ATT3|BB|CTT3)", "[A-Za-z0-9_=-]{24,300}", "ATATT3", "ATBB", "ATCTT3"),
    _token("nfp_", "[A-Za-z0-9]{30,60}"),
    _token("tskey-", "[A-Za-z0-9-]{20,100}"),
    _token("AGE-SECRET-KEY-1", "[A-Z0-9]{58}"),
    _token("CFPAT-", "[A-Za-z0-9_-]{40,50}"),
    _token("(?:ddp|ddapp)_", "[A-Za-z0-9]{30,60}", "ddp_", "ddapp_"),
    _token("EAACEdEose0cBA", "[A-Za-z0-9]{10,300}"),
    _token("oy2", "[a-z0-9]{43}(?![a-z0-9])"),
    _token("cio", "[A-Za-z0-9]{32}(?![A-Za-z0-9])"),
    SecretShape((":AA",), r"(?<![0-9])[0-9]{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])"),
    SecretShape(
        ("AccountKey=", "SharedAccessKey="),
        r"(?:AccountKey|SharedAccessKey)=(?P<secret>[A-Za-z0-9+/=]{30,100})",
    ),
    SecretShape(("8Q~",), r"[A-Za-z0-9_~.]{3}8Q~[A-Za-z0-9_~.-]{31,34}"),
    SecretShape(
        ("PRIVATE KEY",),
        r"-----BEGIN[A-Z0-9 ]{0,60}PRIVATE KEY[A-Z ]{0,20}-----"
        r"(?:\\[rn]|\s)*+(?:[\w-]{1,40}: [^\n]{0,200}\n)*+"
        r"(?:(?:\\[rn]|[\s\"'+,])*+[A-Za-z0-9/+=]{16,100}+)*+",
    ),
)
