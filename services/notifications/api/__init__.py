"""The service's addresses: parse, call one action or query, present."""

from services.notifications.api import bounces, emails, invoices, mail_settings, templates

BLUEPRINTS = (emails.blueprint, templates.blueprint, mail_settings.blueprint, bounces.blueprint, invoices.blueprint)
