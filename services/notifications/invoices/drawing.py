"""Drawing an invoice with ReportLab: A4, embedded fonts, a title and a language for those who have it read aloud."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

from services.notifications.invoices.letters import runs
from services.notifications.invoices.sheet import Line, Sheet

_FONTS = Path(__file__).parent / "fonts"
_PLAIN, _BOLD = "DejaVuSans", "DejaVuSans-Bold"
_MARGIN = 18 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_PADDING = 6  # what ReportLab's frame leaves free inside of the margins
_GRAY, _BLACK, _RULE = HexColor("#5c5c5c"), HexColor("#1a1a1a"), HexColor("#767676")
# Fonts are shared by all documents, and remember which of their letters the one at hand has used.
_one_at_a_time = threading.Lock()
Letters = Sequence[tuple[str, Collection[int]]]


def draw(sheet: Sheet, *, fonts: tuple[str, ...]) -> bytes:
    """The PDF. Raises ValueError with a letter that no font has, or that would have to be shaped."""
    with _one_at_a_time:
        pen = _Pen(_letters(fonts))
        story = pen.story(sheet)
        file = BytesIO()
        document = SimpleDocTemplate(
            file,
            pagesize=A4,
            leftMargin=_MARGIN - _PADDING,
            rightMargin=_MARGIN - _PADDING,
            topMargin=_MARGIN - _PADDING,
            bottomMargin=_MARGIN - _PADDING,
            title=sheet.title,
            author=sheet.seller[0] if sheet.seller else "",
            lang=sheet.language,
            displayDocTitle=True,
            # No time of day and no chance in it: the same invoice is the same file.
            invariant=1,
        )

        def foot(canvas: Any, page: Any) -> None:
            canvas.setFont(_PLAIN, 8)
            canvas.setFillColor(_GRAY)
            canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, f"{sheet.number} · {page.page}")

        document.build(story, onFirstPage=foot, onLaterPages=foot)
        return file.getvalue()


class _Pen:
    """Text in the fonts that have its letters."""

    def __init__(self, letters: tuple[Letters, Letters]) -> None:
        self._plain, self._bold = letters

    def story(self, sheet: Sheet) -> list[Any]:
        """Everything, from top to bottom."""
        half = _WIDTH / 2
        parties = Table(
            [
                [self._text(sheet.seller_label, _small()), self._text(sheet.buyer_label, _small())],
                [self._block(sheet.seller), self._block(sheet.buyer)],
            ],
            colWidths=[half, half],
            splitInRow=1,
            style=[*_FLUSH, ("RIGHTPADDING", (0, 0), (0, -1), 6 * mm)],
        )
        facts = Table(
            [[self._text(label, _small()), self._text(value, _body())] for label, value in sheet.facts if value],
            colWidths=[45 * mm, _WIDTH - 45 * mm],
            style=_FLUSH,
        )
        gap = Spacer(1, 8 * mm)
        return [self._text(sheet.title, _heading(), bold=True), gap, parties, gap, facts, gap, self._lines(sheet)]

    def _lines(self, sheet: Sheet) -> Table:
        heads = [self._text(head, _small(right=place > 0), bold=True) for place, head in enumerate(sheet.columns)]
        rows = [heads, *(self._line(line) for line in sheet.lines)]
        last = len(sheet.totals) - 1
        for place, (label, value) in enumerate(sheet.totals):
            strong = place == last
            rows.append([self._text(label, _body(right=True), bold=strong), "", "",
                         self._text(value, _body(right=True), bold=strong)])  # fmt: skip
        sums = [("SPAN", (0, row), (2, row)) for row in range(len(rows) - len(sheet.totals), len(rows))]
        widths = [_WIDTH - 98 * mm, 24 * mm, 38 * mm, 36 * mm]
        return Table(rows, colWidths=widths, repeatRows=1, splitInRow=1, style=[*_FLUSH, *sums, *_RULED])

    def _line(self, line: Line) -> list[Any]:
        what = [self._text(line.description, _body())]
        if line.period:
            what.append(self._text(line.period, _small()))
        return [what, *(self._text(each, _body(right=True)) for each in (line.quantity, line.tax, line.amount))]

    def _block(self, lines: Sequence[str]) -> list[Paragraph]:
        return [self._text(line, _body()) for line in lines]

    def _text(self, text: str, style: ParagraphStyle, *, bold: bool = False) -> Paragraph:
        parts = runs(text, self._bold if bold else self._plain)
        marked = "".join(f'<font name="{font}">{escape(part)}</font>' for font, part in parts)
        return Paragraph(marked, style)


_FLUSH = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 1),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
]

_RULED = [
    ("LINEBELOW", (0, 0), (-1, -1), 0.5, _RULE),
    ("LINEBELOW", (0, -1), (-1, -1), 1.5, _RULE),
    ("TOPPADDING", (0, 0), (-1, -1), 4),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
]


def _heading() -> ParagraphStyle:
    return ParagraphStyle("heading", fontName=_BOLD, fontSize=18, leading=23, textColor=_BLACK)


def _body(*, right: bool = False) -> ParagraphStyle:
    options = {"alignment": TA_RIGHT} if right else {}
    return ParagraphStyle("body", fontName=_PLAIN, fontSize=9, leading=13, textColor=_BLACK, **options)


def _small(*, right: bool = False) -> ParagraphStyle:
    options = {"alignment": TA_RIGHT} if right else {}
    return ParagraphStyle("small", fontName=_PLAIN, fontSize=8, leading=12, textColor=_GRAY, **options)


@lru_cache(maxsize=10)
def _letters(more: tuple[str, ...]) -> tuple[Letters, Letters]:
    """For plain text and for bold, the fonts with the letters that they have, the first choice first."""
    ours = [(name, _registered(name, str(_FONTS / f"{name}.ttf"))) for name in (_PLAIN, _BOLD)]
    others = [(f"Other{place}", _registered(f"Other{place}", path)) for place, path in enumerate(more)]
    plain, bold = ours
    return (plain, *others), (bold, plain, *others)


def _registered(name: str, path: str) -> Collection[int]:
    font = TTFont(name, path)
    pdfmetrics.registerFont(font)
    return frozenset(font.face.charToGlyph)
