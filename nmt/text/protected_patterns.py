"""The grammar of what a translation must leave as it is: one regular expression for each kind of item.

The order counts: at each place of a text the first pattern that fits wins, so that a URL is not read as a path nor a
date as three numbers.  Every pattern starts at a place that its first character cannot repeat (the look-behinds) or has
a limit, so that a line of 100 kB without a space costs one pass and not one for each of its characters.

`nmt.text.protected` gives each kind of item its role.
"""

from __future__ import annotations

import regex  # type: ignore[import-untyped]

from nmt.text.marks import CLOSING, KEPT, OPENING, PLACES

MAX_TEMPLATE = 200  # characters between the marks of a template; a longer stretch is text in brackets
LONG_TOKEN = 60  # characters without a space from which on they are data (base64, a hash): no word is so long

_CURRENCY = "€£¥₡₤₩₪₫₱₲₴₹₺₽₿¢"
_SCRIPT_DIGITS = "²³¹⁰-₟"  # superscript and subscript signs
_NUMBER = r"(?:\d{1,3}(?:\ \d{3})++(?!\d)(?:[.,]\d++)?|\d++(?:[.,]\d++)*+)"
_TERM = rf"(?:\p{{L}}|{_NUMBER})(?:\ ?[-+*/·]\ ?(?:\p{{L}}|{_NUMBER})(?!\w)){{0,3}}+"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_DOMAINS = "com|org|net|edu|gov|info|io|dev|app|es|mx|ar|co|cl|pe|uy|ve|uk|eu|fr|pt|br|us"
# Units that are the same in every language, though models do not know them, and that seldom stand before a noun.
_UNIT = r"[hkMG]Pa|mmHg|dBm?|mEq|[mµ]Sv|[kMG]Bq|[kMG]?eV"
_FILE_TYPES = (
    "py|js|ts|css|sh|txt|md|pdf|html?|xml|json|ya?ml|toml|ini|csv|docx?|xlsx?|pptx?|odt|zip|gz|png|jpe?g|gif|svg|"
    "mp[34]|exe|srt|vtt|po|log"
)
_PRINTF = (
    r"%(?:\d+\$)?[-+\#0']*+(?:\d++|\*)?(?:\.(?:\d++|\*))?(?:hh?|ll?|z|L)?[sdiouxXeEfgGcp@]"
    r"(?:(?!\w)|(?=(?:px|ms|s|h|m|min|pt|em|[kKMG]i?B)(?!\w)))"
)
_CLOCK = r"%-?[aAbBHIjkmMPSyYZ](?:[-/.:]%-?d)?+|%-?d[-/.:]%-?[bBm]"  # of strftime
_ATTRIBUTES = r"""(?:\s+[^\s<>"'=/]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s<>"']++))?)*+\s*+"""
# A mark before a letter inside of a capitalised word (Sa_ve), which the names of programs do not have.
_IN_WORD = r"_\p{Ll}++(?!\w|\(|\.\w)"
_EMOJI = (
    r"(?:(?:\p{Regional_Indicator}{2}|[\p{Emoji_Presentation}\U0001f300-\U0001faff]|(?=\p{Emoji})[\u2600-\u2767])"
    r"[\ufe0f\u200d\p{Emoji_Modifier}\U0001f300-\U0001faff\u2640\u2642]*+)++"
)
# After these an emoji stands in the place of a noun or a verb: "un ❤️ grande", "I ❤️ Madrid".
_BEFORE_PICTURE = (
    "el|la|los|las|una?|unos|unas|mis?|tus?|sus?|nuestr[oa]s?|con|sin|de|del|para|por|yo|"
    "the|an?|my|your|his|its|our|their|with|without|of|for|I|we|they"
)
_BBCODE = "b|i|u|s|url|img|color|size|quote|code|list|center"


def _date(separator: str) -> str:
    """7/9/2020 and 2020/9/7, with one and the same separator."""
    return (
        rf"(?:\d{{1,2}}{separator}\d{{1,2}}{separator}(?:\d{{4}}|\d{{2}})"
        rf"|\d{{4}}{separator}\d{{1,2}}{separator}\d{{1,2}})"
    )


# Templates of HTML and Markdown, which may have several lines; for `re.DOTALL`.
DOCUMENT_TEMPLATE = r"\{\{.{1,500}?\}\}|\{%.{1,500}?%\}|<%.{1,500}?%>"

# Alternatives in verbose syntax, by the name of the kind.
PATTERNS: dict[str, str] = {
    # Marks of documents (`nmt.text.marks`); one that stands for a word, with the letters that touch it.
    "mark": rf"[{OPENING}{CLOSING}{PLACES}] | \w*+[{KEPT}]++[\w{KEPT}]*+",
    "code": r"`[^`\n]++`",
    "template": rf"""
        <%[^%\n]{{0,{MAX_TEMPLATE}}}%> | \{{%[^%\n]{{0,{MAX_TEMPLATE}}}%\}}
      | \{{\{{\{{[^{{}}\n]{{0,{MAX_TEMPLATE}}}\}}\}}\}} | \{{\{{[^{{}}\n]{{0,{MAX_TEMPLATE}}}\}}\}}
      | \[\[[^\[\]\n]{{1,{MAX_TEMPLATE}}}\]\]""",
    "placeholder": rf"""
        %\(\w++\)[-+\#0]*+\d*+(?:\.\d++)?[sdifuxXegc]
      | (?<![\w%])%[A-Za-z_]\w*+%(?![\w%]) | (?<![\w%])%(?:L?\d{{1,2}}|n)(?![\w%$]|\.\d)
      | (?<![\w%])(?<!\d\s)(?:{_CLOCK})(?:[-/.:,](?:{_CLOCK}))*+(?!\w) | (?<![\w%])%%[sdiufxgc@](?!\w)
      | (?<![\w@])@:(?:[A-Za-z_][\w.-]*\w|\([\w.-]++\))
      | (?<![^\W_]|%)(?<!\d\s)(?:{_PRINTF})(?:{_PRINTF}|%%)*+(?!%)
      | [$\#%@]?\{{[^{{}}\s]*+\}} | [$\#%@]?\{{\ ?[\w.$-]{{1,60}}\ ?\}}
      | (?<![\w$])\$[A-Za-z_]\w*+ | (?<![\w$])\$\([\w.]{{1,60}}\)
      | (?<![^\s(/>]):[A-Za-z_][\w+-]*+:? | (?<!\w)__\w++""",
    "comment": r"<!--(?:[^-]++|-(?!->))*+-->",
    "tag": rf"""</?(?:[A-Za-z][\w:.-]*+{_ATTRIBUTES}|\d{{1,3}})/?>
      | &lt;/?[A-Za-z][\w\ ]{{0,30}}/?&gt; | \[/?(?:{_BBCODE})(?:=[^\[\]\s]*+)?\]""",
    "url": r"""(?<![\w+.-])(?i:[a-z][a-z0-9+.-]*+://|www\.|mailto:)
        [^\s<>"“”«»]*[^\s<>"“”«».,;:!?…)\]}'’|*]""",
    "email": r"(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+",
    "entity": r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|\#\d{1,7}|\#[xX][0-9A-Fa-f]{1,6});",
    "path": r"""(?<!\S)(?:(?:~|\.{1,2}|[A-Za-z]:)(?:[/\\][\w.+@-]*\w)+|(?:/[\w.+@-]*\w){2,})[/\\]?
      | (?<!\S)[A-Za-z]:[/\\](?!\S) | (?<!\S)\\\\[\w.$-]++(?:\\[\w.$-]*\w)+""",
    "escape": r"""\\(?:[nrtvfbN"'\\]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})""",
    "long": rf"(?<!\S)[^\s<>]{{{LONG_TOKEN},}}",
    "domain": rf"(?<![\w.@-])(?:[\w-]++\.)+(?:{_DOMAINS})(?![\w-])(?:/[\w/.%-]*[\w/])?",
    "handle": r"(?<![\w@\#&])[@\#]\p{L}\w*+(?:-\w++)*+",
    "uuid": r"(?<![\w-])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![\w-])",
    "mac": r"(?<![\w:-])[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}(?![\w:-])",
    "iban": r"(?<!\w)[A-Z]{2}\d{2}(?:\ ?(?=[A-Z]{0,3}\d)[0-9A-Z]{4}){2,7}(?:\ ?\d{1,2})?(?!\w)",
    "ip": rf"""(?<![\w.])(?:{_OCTET}\.){{3}}{_OCTET}(?:[:/]\d{{1,5}})?(?![\w-]|\.\w)
      | (?<![\w:.])(?=[0-9A-Fa-f:]{{0,39}}(?:::|[A-Fa-f]))(?:[0-9A-Fa-f]{{0,4}}:){{2,7}}[0-9A-Fa-f]{{1,4}}
        (?:/\d{{1,3}})?(?![\w:])""",
    "date": rf"""(?<![\w.,/-])\d{{4}}-\d{{2}}-\d{{2}}[T\ ]\d{{2}}:\d{{2}}(?::\d{{2}}(?:\.\d{{1,6}})?)?
        (?:Z|[+-]\d{{2}}:?\d{{2}})?(?!\w)
      | (?<![\w.,/-])(?:{_date("/")}|{_date("-")}|{_date("[.]")})(?![\w/-]|[.,]\d)""",
    "time": r"(?<![\w:.,])\d{1,2}:[0-5]\d(?::[0-5]\d(?:[.,]\d{1,3})?)?(?![\w:])",
    "phone": r"""(?<![\w+])\+\d{1,3}(?:[\ .-]?\(?\d{1,4}\)?){1,5}[\ .-]?\d{2,9}(?!\w)
      | (?<!\w)\(\d{2,4}\)\ ?\d{3,4}(?:[\ -]\d{2,4}){1,4}(?!\w)
      | (?<![\w.,-])[6789]\d{2}\ (?!000)\d{3}\ (?!000)\d{3}(?![\w-]|[.,]\d|\ \d{3})
      | (?<![\w.,-])(?!\d{1,3}(?:\ \d{3})++(?!\ ?\d))\d{2,4}(?:\ \d{2,4}){2,6}(?![\w-]|[.,]\d)""",
    "digits": r"(?<![\w-])\d++(?:-\d++){2,}+(?:-X)?(?![\w-]) | (?<![\w.,-])\d{9,}X?(?![\w-]|[.,]\d)",
    "version": r"""(?<![\w.-])v\d++(?:\.\d++)*+(?:-[\w.]+)?(?![\w-])
      | (?<![\w.-])(?!\d{1,3}(?:\.\d{3})++(?![\d.]))\d++(?:\.\d++){2,}+(?:[-+](?:alpha|beta|rc|dev|a|b)[\w.]*)?
        (?![\w-]|[.,]\d)""",
    "commit": r"(?<![\w-])(?=[a-f]*+\d)(?=\d*+[a-f])[0-9a-f]{7,40}(?![\w-])",
    "amount": rf"""(?:[{_CURRENCY}]|(?<!\w)\p{{Lu}}{{1,3}}\$)\ ?{_NUMBER}(?!\w)
      | (?<![\w.,]){_NUMBER}\ ?(?:[{_CURRENCY}]|\p{{Lu}}{{1,3}}\$)(?!\w)""",
    "ordinal": r"""(?<![\w.,])\d{1,4}(?:\.?[ºª]|\.(?:er|[rdtmvn][oa])|st|nd|rd|th)(?!\w)
      | (?<!\w)(?i:n|núm|no)\.?[ºª]s?\.?\ ?\d[\d.,]*(?<=\d)(?!\w)""",
    "marked": rf"""(?<![\w\#&!])[\#!]\d++(?!\w) | (?<![^\s(])\#(?=\ \p{{Ll}})
      | [§¶№]{{1,2}}\ ?{_NUMBER}(?:\.[ºª])? | (?<!\S)[~±≈≤≥<>]{_NUMBER}(?!\w)""",
    "quantity": rf"""(?<![\w.,:/'’-])(?<!\d\ )\d++\ ?(?:{_UNIT})(?!\w)
      | (?<![\w.,]){_NUMBER}\ ?
        (?:[^\W\d_]{{0,6}}[{_SCRIPT_DIGITS}]++|[^\W\d_]{{0,2}}[µΩÅ][^\W\d_]{{0,3}})(?!\w)
      | (?<!\w)\d*+[½⅓⅔¼¾⅛⅜⅝⅞](?!\w)
      | (?<![\w.,]){_NUMBER}(?:\ ?[×±^]\ ?{_NUMBER})++(?:[{_SCRIPT_DIGITS}]++)?(?!\w)""",
    # COVID-19, H1N1, A380; those left out are written otherwise in the other language
    "designation": r"""(?<![\w.-])(?!(?:VIH|HIV|UE|EU|FY|WW|Q|T)-?\d)
      (?:COVID-|\p{Lu}{2,4}(?:-\p{L}{1,5})?-?|\p{Lu}-?)\d[\p{Lu}\d]*+(?:-[\p{Lu}\d]++)*+(?![\w-]|[.,]\w|\(\))""",
    "formula": rf"""(?<!\w)\w++[{_SCRIPT_DIGITS}]++[\w{_SCRIPT_DIGITS}]*+
      | (?<![\w.-])(?=[A-Z\d]{{0,12}}[a-z])(?=[A-Za-z]{{0,12}}\d)(?:[A-Z][a-z]?\d{{0,3}}){{2,}}(?![\w-]|[.,]\w|\()
      | (?<![\w.,'’]){_TERM}(?:(?:\ [<>=≤≥≠≈×÷^]\ |[<>=≤≥≠≈×÷^]){_TERM}(?![\w>]))++""",
    "file": rf"(?<![\w.-])[\w-]++\.(?:{_FILE_TYPES})(?!\w)",
    "identifier": rf"""
        (?<!\w)(?<!\w\.)(?!\p{{Lu}}\p{{Ll}}{{0,6}}{_IN_WORD})(?:\w++\.)*[^\W_]++(?:_+[^\W_]++)+(?:\(\))?  # snake_case
      | (?<!\w)[a-z]++(?:[A-Z][a-z0-9]++){{2,}}(?!\w)                 # camelCaseName, but not mRNA or iPhone
      | (?<![\w.])(?:\w++\.)*\w++\(\)                                 # call()
      | (?<!\S)--[a-z][a-z0-9]*+(?:[-=][\w./-]*\w)+                   # --long-option=value
      | (?<![\w&])\p{{Lu}}{{1,4}}(?:&\p{{Lu}}{{1,4}})++(?![\w&])      # R&D, AT&T""",
    "dollar": r"\$(?=\ ?\d) | (?<=\d\ ?)\$(?!\w)",
    "percent": r"(?<=\d\s?)%%(?!%) | (?<![\w%])%%(?![\w%])",
    "accelerator": rf"""&(?=\p{{L}}) | (?<![\w_])_(?=\p{{L}}[^\W_]*+(?![\w_]))
      | (?<=(?<![\w.])\p{{Lu}}\p{{Ll}}{{0,6}})(?={_IN_WORD})_""",
    "picture": rf"(?<=(?<!\w)(?i:{_BEFORE_PICTURE})\ )(?:{_EMOJI})(?=\ \p{{L}})",
    "emoji": rf"(?<=[\p{{L}}\p{{N}}][,;]?\ )(?:{_EMOJI})(?=\ \p{{Ll}})",  # in the middle of a sentence
}
_ALTERNATIVES = "|".join(f"(?P<{kind}>{pattern}\n)" for kind, pattern in PATTERNS.items())
# An ordinary word or a mark at its end, in front of which no pattern needs to be tried.
_PLAIN = r"""(?:\p{Lu}?\p{Ll}{2,30}+[,;:!?.…)"”»’]*+|[,;:!?.…)"”»’]++)(?:\s|$)"""
ITEM = regex.compile(rf"(?=\S)(?:(?<!\w)|(?!\w)|(?=_))(?!{_PLAIN})(?:{_ALTERNATIVES})", regex.VERBOSE)
# A text in which neither this nor LONG_TOKEN matches has no item, and the long patterns are not tried on it.  A kind of
# item that begins in a new way needs its sign here.
MAY_HAVE_ITEM = regex.compile(
    rf"[{OPENING}{CLOSING}{PLACES}{KEPT}\d`@#%{{}}$<>&_/\\|*~^§¶№©®™±=≤≥≠≈×÷½⅓⅔¼¾⅛⅜⅝⅞←-⇿∀-⋿\[{_SCRIPT_DIGITS}]|\.\w|\(\)|--|[a-z][A-Z]|(?<!\w):\w"
    r"|[\u231a-\u2b55\U0001f1e6-\U0001faff]\ufe0f? \p{L}"
)
NUMBER = regex.compile(r"(?<!\d)\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)*")
