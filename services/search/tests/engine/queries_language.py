"""The acceptance table: the query language as people type it who haven't read about it (S13)."""

from __future__ import annotations

from services.search.tests.engine.case import Case

CASES = [
    # Filters mean what they say: whole words and beginnings, no typos
    Case("S13", "city:Berln", ""),
    Case("S13", "city:berlin", "mueller"),
    Case("S13", "last_name:Portmann", ""),
    Case("S13", "name:natlaie", ""),
    Case("S13", "name:natal", "natalie"),
    Case("S13", "company:librety", ""),
    Case("S13", "email:anna.muller", ""),
    # Spaces around operators, and other ways to write them
    Case("S13", "last_login < 30d", "mueller"),
    Case("S13", "last_login <30d", "mueller"),
    Case("S13", "last_login> 30d", "muller maryann"),
    Case("S13", "registered >= 2026-02-01", "muller lukasz"),
    Case("S13", "registered ≥ 2026-02-01", "muller lukasz"),
    Case("S13", "city: Berlin", "mueller"),
    Case("S13", "city : Berlin", "mueller"),
    Case("S13", "city = Berlin", "mueller"),
    Case("S13", "city==Berlin", "mueller"),
    Case("S13", 'city: "Los Angeles"', "maryann"),
    Case("S13", "country: DE name: anna", "mueller"),
    Case("S13", "anna country!=DE", "anna_paris > annabel > maryann ann"),
    Case("S13", "anna country != DE", "anna_paris > annabel > maryann ann"),
    Case("S13", "anna country<>DE", "anna_paris > annabel > maryann ann"),
    Case("S13", "language!=de has:language", "maryann"),
    Case("S13", "-country!=DE", "mueller ue"),
    Case("S13", "mailto:anna.mueller@example.com", "mueller"),
    Case("S13", "mail <anna.mueller@example.com>", ""),
    # AND, OR and NOT
    Case("S13", "anna AND berlin", "mueller > ann"),
    Case("S13", "country:DE AND city:Berlin", "mueller"),
    Case("S13", "anna NOT berlin", "anna_paris > annabel > maryann"),
    Case("S13", "anna AND NOT berlin", "anna_paris > annabel > maryann"),
    Case("S13", "NOT country:DE euro", "obrien"),
    Case("S13", "NOT -country:DE", "mueller ue"),
    Case("S13", 'anna NOT "paris"', "mueller > annabel > maryann"),
    Case("S13", "city:Berlin OR city:Galway", "mueller obrien"),
    Case("S13", "AND", ""),
    Case("S13", "anna NOT", ""),
    Case("S13", "lukasz OR soren AND denmark", "soren"),
    Case("S13", "(lukasz OR soren)", "lukasz soren"),
    # Ranges and relative days
    Case("S13", "registered:12.02.2026", ""),
    Case("S13", "registered:15.02.2026", "muller"),
    Case("S13", 'registered:"15 Feb 2026"', "muller"),
    Case("S13", "registered>=15.02.2026", "muller lukasz"),
    Case("S13", "last_login<=2025", "maryann"),
    Case("S13", "created:2024", "maryann"),
    Case("S13", "registered:..2024-12", "maryann"),
    Case("S13", "registered:2026-02-15..2026-02-15", "muller"),
    Case("S13", "registered:yesterday", ""),
    Case("S13", "birthdate<18y", ""),
    Case("S13", "birthdate>100y", "frank"),
    # Filled and empty
    Case("S13", 'currency:"" country:JP', "suzuki"),
    Case("S13", "has:phone country:JP", "yamada"),
    Case("S13", "-has:name", "idonly noname"),
    Case("S13", "has:external_id -has:first_name", "idonly"),
]
