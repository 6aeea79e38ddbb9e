"""The pretend world: a stand-in for the carriers, and the debtor's phone and mailbox as pages.

A program of its own (``python -m pretend``), reachable from this machine only. It speaks enough of
Twilio's and SendGrid's HTTP interfaces for their official clients, signs its callbacks as they do,
and can be told, number by number, to behave badly. It imports nothing of the product, so what holds
against it holds against the wire.

Rooms, each named after its noun:

=============  ==============================================================================
settings       what the environment and the command line say
web            a small HTTP/1.1 server on asyncio, with the routes of all rooms
clock          the demo's day, the zone of a phone
text, mail     the records of what was carried
store          the append-only log on disk and its index in memory
behaviour      how a carrier treats a number
keywords       words that Twilio itself acts upon
segments       parts of a text
carrier        accepts a text, moves it on, takes in answers
callbacks      signs, posts and repeats what the product is told
twilio         Twilio's interface
sendgrid       SendGrid's interface
control        JSON interface for tests and demo
pages          phone and mailbox
world          what the rooms share, and the list of rooms
=============  ==============================================================================

A further provider is one more room: a function ``routes(world)`` and one line in ``world.ROOMS``.
"""
