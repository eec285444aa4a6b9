"""What the API takes and answers."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from servicekit.web.describing import described, personal
from servicekit.web.fields import Moment, Text, TrueOrFalse
from servicekit.web.masking import masked_field
from services.notifications.input_fields import (
    MOST_LOGO_BYTES,
    Address,
    Lines,
    OneOfList,
    Picture,
    WebAddress,
    Zone,
)
from services.notifications.kinds import DELIVERIES, KINDS, STATUSES
from services.notifications.sandbox import MOST_SOURCE
from services.notifications.views import CUSTOMER_ID, EMAIL_ID, EditorView
from services.notifications.wording import LANGUAGES

_COLOR = r"#[0-9A-Fa-f]{6}\Z"


class ListEmails(Schema):
    """Which mails to list."""

    customer_id = Text(max_length=60, metadata=described("Only this customer's.", CUSTOMER_ID))
    transaction_id = Text(max_length=60, metadata=described("Only those about this payment."))
    kind = OneOfList(tuple(KINDS), metadata=described("Only of these kinds, separated by commas.", "receipt"))
    status = OneOfList(STATUSES, metadata=described("Only of these statuses, separated by commas.", "sent"))
    created_from = Moment(metadata=described("Only those written then or later.", "2026-01-01T00:00:00Z"))
    created_to = Moment(metadata=described("Only those written before.", "2027-01-01T00:00:00Z"))
    cursor = fields.String(validate=validate.Length(max=500), metadata=described("Where to go on."))
    limit = fields.Integer(
        load_default=50, validate=validate.Range(1, 200), metadata=described("How many at most.", 50)
    )


class PreviewParameters(Schema):
    """Which part of a mail to show."""

    part = fields.String(
        load_default="html", validate=validate.OneOf(("html", "text")), metadata=described("Which part.", "html")
    )


class EditTemplate(Schema):
    """A template: Jinja source of three parts."""

    subject = fields.String(
        required=True,
        validate=validate.Length(1, 500),
        metadata=described("The subject.", "Welcome, {{ customer.name }}"),
    )
    html = fields.String(
        required=True,
        validate=validate.Length(1, MOST_SOURCE),
        metadata=described("What is inside the frame, as HTML.", "<p>{{ greeting }}</p>"),
    )
    text = fields.String(
        required=True,
        validate=validate.Length(1, MOST_SOURCE),
        metadata=described("The same as plain text.", "{{ greeting }}"),
    )


class PreviewTemplate(Schema):
    """A template to be shown with real data, without keeping it."""

    subject = fields.String(validate=validate.Length(1, 500), metadata=described("The subject; absent: as it is now."))
    html = fields.String(validate=validate.Length(1, MOST_SOURCE), metadata=described("HTML; absent: as it is now."))
    text = fields.String(validate=validate.Length(1, MOST_SOURCE), metadata=described("Text; absent: as it is now."))
    customer_id = Text(max_length=60, metadata=described("Whose data to show it with; absent: made-up data."))


class TemplateItem(Schema):
    """A template, without what it says."""

    kind = fields.String(required=True, metadata=described("Of which mails.", enum=["welcome", *KINDS]))
    title = fields.String(required=True, metadata=described("The kind in words.", "Welcome"))
    language = fields.String(required=True, metadata=described("In which language.", enum=list(LANGUAGES)))
    is_default = fields.Boolean(required=True, metadata=described("Whether it is the one that everybody has.", True))
    enabled = fields.Boolean(required=True, metadata=described("Whether mails of this kind are sent.", True))
    version = fields.Integer(required=True, metadata=described("The ETag's number.", 1))
    edited_at = fields.AwareDateTime(required=True, allow_none=True, metadata=described("When it was last edited."))
    editor = fields.Nested(EditorView, required=True, allow_none=True, metadata=described("Who edited it last."))


class TemplateNameView(Schema):
    """Something that a template can name."""

    name = fields.String(required=True, metadata=described("What is written.", "customer.first_name"))
    becomes = fields.String(
        required=True, allow_none=True, metadata=described("What it could become; null of a list.", "Anna")
    )
    each = fields.List(
        fields.String(),
        required=True,
        allow_none=True,
        metadata=described("What each entry of a list has; null where it is no list, empty where it is a text."),
    )


class TemplatePage(Schema):
    """All templates."""

    items = fields.List(fields.Nested(TemplateItem), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata=described("Always null: these are all."))


class TemplateView(TemplateItem):
    """A template."""

    subject = fields.String(required=True, metadata=described("The subject's source.", "Welcome"))
    html = fields.String(required=True, metadata=described("The HTML's source.", "<p>{{ greeting }}</p>"))
    text = fields.String(required=True, metadata=described("The text's source.", "{{ greeting }}"))
    variables = fields.List(
        fields.String(), required=True, metadata=described("What it can name.", ["customer", "greeting"])
    )
    names = fields.List(
        fields.Nested(TemplateNameView),
        required=True,
        metadata=described("The same with its parts, and an example of each in the template's language."),
    )


class TemplateVersionView(Schema):
    """One version of a template."""

    version = fields.Integer(required=True, metadata=described("Its number.", 2))
    at = fields.AwareDateTime(required=True, metadata=described("From when on it held."))
    editor = fields.Nested(EditorView, required=True)
    is_default = fields.Boolean(required=True, metadata=described("Whether it is the default one again.", False))
    subject = fields.String(required=True, allow_none=True, metadata=described("The subject's source.", "Welcome"))
    html = fields.String(required=True, allow_none=True, metadata=described("The HTML's source.", "<p>Hello</p>"))
    text = fields.String(required=True, allow_none=True, metadata=described("The text's source.", "Hello"))


class TemplateVersionDetailsView(TemplateVersionView):
    """One version of a template, with what it says. The first one is the default, and nobody's."""

    at = fields.AwareDateTime(required=True, allow_none=True, metadata=described("From when on it held."))
    editor = fields.Nested(EditorView, required=True, allow_none=True, metadata=described("Who wrote it."))
    subject = fields.String(required=True, metadata=described("The subject's source.", "Welcome"))
    html = fields.String(required=True, metadata=described("The HTML's source.", "<p>Hello</p>"))
    text = fields.String(required=True, metadata=described("The text's source.", "Hello"))


class TemplateVersionPage(Schema):
    """Some versions, newest first. The first version, the default, isn't among them."""

    items = fields.List(fields.Nested(TemplateVersionView), required=True)
    next_cursor = fields.String(required=True, allow_none=True, metadata=described("Where to go on; null at the end."))


class Page(Schema):
    """Where to go on, and how far."""

    cursor = fields.String(validate=validate.Length(max=500), metadata=described("Where to go on."))
    limit = fields.Integer(
        load_default=20, validate=validate.Range(1, 100), metadata=described("How many at most.", 20)
    )


class TemplatePreviewView(Schema):
    """What a template makes of data."""

    subject = fields.String(required=True, metadata=personal("The subject.", "Welcome, Anna"))
    html = fields.String(required=True, metadata=personal("The whole mail as HTML.", "<!DOCTYPE html>…"))
    text = fields.String(required=True, metadata=personal("The whole mail as text.", "Hello"))
    made_up = fields.Boolean(
        required=True,
        metadata=described(
            "Whether amounts, days and the like are made up: no customer was named, or this one was never sent a mail "
            "of this kind.",
            True,
        ),
    )
    masked = masked_field()


class EditMailSettings(Schema):
    """What to change of the mail settings. What is absent stays, null clears."""

    delivery = fields.String(
        validate=validate.OneOf(DELIVERIES),
        metadata=described(
            "`publisher`: mails are only generated, and the publisher delivers them itself.", "accounts"
        ),
    )
    sender_name = Text(max_length=100, allow_none=True, metadata=described("Whom mails come from.", "Example Media"))
    sender_address = Address(
        max_length=254, allow_none=True, metadata=described("From which address.", "service@example.com")
    )
    reply_to = Address(max_length=254, allow_none=True, metadata=described("Where answers go.", "help@example.com"))
    support_email = Address(
        max_length=254, allow_none=True, metadata=described("Named below each mail.", "help@example.com")
    )
    website_url = WebAddress(
        max_length=500, allow_none=True, metadata=described("The publisher's pages.", "https://www.example.com")
    )
    postal_address = Lines(
        allow_none=True, metadata=described("Below each mail, up to 8 lines.", "1 Example Street\nLondon")
    )
    color = fields.String(validate=validate.Regexp(_COLOR), metadata=described("Of the frame and links.", "#1f5fa8"))
    logo = Picture(
        allow_none=True,
        metadata=described(
            f"PNG, JPEG or GIF of at most {MOST_LOGO_BYTES:,} bytes as a data URI.",
            "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
        ),
    )
    language = fields.String(
        validate=validate.OneOf(LANGUAGES), metadata=described("For customers whose language there isn't.", "en")
    )
    time_zone = Zone(metadata=described("By which days in mails go.", "Europe/Berlin"))
    renewal_notice_days = fields.Integer(
        strict=True, validate=validate.Range(1, 60), metadata=described("How long before a renewal it is announced.", 7)
    )
    kinds = fields.Dict(
        keys=fields.String(validate=validate.OneOf(list(KINDS))),
        values=TrueOrFalse(),
        metadata=described("Which kinds of mail are sent.", {"welcome": True}),
    )


class SenderView(Schema):
    """Whom mails come from."""

    name = fields.String(required=True, metadata=described("The name.", "Example Media"))
    address = fields.String(required=True, metadata=described("The address.", "service@example.com"))


class MailSettingsView(Schema):
    """How a publisher's mails look, whom they come from, and who delivers them."""

    delivery = fields.String(required=True, metadata=described("Who delivers.", enum=list(DELIVERIES)))
    sender_name = fields.String(required=True, allow_none=True, metadata=described("Whom mails come from."))
    sender_address = fields.String(required=True, allow_none=True, metadata=described("From which address."))
    reply_to = fields.String(required=True, allow_none=True, metadata=described("Where answers go."))
    support_email = fields.String(required=True, allow_none=True, metadata=described("Named below each mail."))
    website_url = fields.String(required=True, allow_none=True, metadata=described("The publisher's pages."))
    postal_address = fields.String(required=True, allow_none=True, metadata=described("Below each mail."))
    color = fields.String(required=True, metadata=described("Of the frame and links.", "#1f5fa8"))
    logo = fields.String(required=True, allow_none=True, metadata=described("The picture as a data URI."))
    language = fields.String(required=True, metadata=described("For whom there is no other.", enum=list(LANGUAGES)))
    time_zone = fields.String(required=True, metadata=described("By which days in mails go.", "Europe/Berlin"))
    renewal_notice_days = fields.Integer(required=True, metadata=described("Days before a renewal.", 7))
    kinds = fields.Dict(
        keys=fields.String(),
        values=fields.Boolean(),
        required=True,
        metadata=described("Which kinds of mail are sent.", {"welcome": True}),
    )
    revision = fields.Integer(required=True, metadata=described("The ETag's number.", 1))
    edited_at = fields.AwareDateTime(required=True, allow_none=True, metadata=described("When they were last edited."))
    editor = fields.Nested(EditorView, required=True, allow_none=True, metadata=described("Who edited them last."))
    sender = fields.Nested(
        SenderView, required=True, metadata=described("Whom mails come from now: yours, else the operator's.")
    )
    sender_domains = fields.List(
        fields.String(),
        required=True,
        metadata=described("Domains that `sender_address` can be of; none: any.", ["example.com"]),
    )


class BounceView(Schema):
    """What was understood of a delivery status notification."""

    email_id = fields.String(
        required=True, allow_none=True, metadata=described("Which mail; null if none of yours.", EMAIL_ID)
    )
    action = fields.String(required=True, metadata=described("What it reports.", "failed"))
    status = fields.String(required=True, metadata=described("The enhanced status code (RFC 3463).", "5.1.1"))
    email_status = fields.String(
        required=True, allow_none=True, metadata=described("The mail's status now.", enum=["bounced", *STATUSES])
    )
