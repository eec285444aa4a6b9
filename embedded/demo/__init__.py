"""Made-up customers: any number, the same for the same seed on every machine, in many languages and scripts.

The names, cities and streets are real ones (``data/``); who lives there is not. Addresses end in ``.example`` or
``example.com``, so that no mail to them can arrive anywhere (RFC 2606).
"""
