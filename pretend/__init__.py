"""The pretend world: a stand-in for the carriers and for Stripe, with the debtor's phone, mailbox and bank.

A program of its own (``python -m pretend``), reachable from this machine only. It speaks enough of
Twilio's, SendGrid's and Stripe's HTTP interfaces for their official clients, signs its callbacks as they do,
and can be told, number by number, to behave badly. It imports nothing of the product, so what holds
against it holds against the wire.

Rooms, each named after its noun:

==============  ==========================================================================
settings        what the environment and the command line say
web             a small HTTP/1.1 server on asyncio, with the routes of all rooms
clock           the demo's day, the zone of a phone
text, mail      the records of what was carried
payment, event  the records of card payments, and what is told of them
store, till     the append-only log on disk and its index in memory
behaviour       how a carrier treats a number, Stripe a request, a bank a card
cards           the test cards and their stories
keywords        words that Twilio itself acts upon
segments        parts of a text
carrier         accepts a text, moves it on, takes in answers
turn            one act on the till, collected and then written
acquirer        takes a card payment, gives back, settles disputes
posting         one post and its answer
callbacks       signs, posts and repeats what Twilio tells the product
courier         the same for Stripe's events
mail_hooks      the same for events of mails, and mails that people send
twilio          Twilio's interface
sendgrid        SendGrid's interface
stripe          Stripe's interface: its paths and tables
call            one call of it: key, behaviour, Idempotency-Key, errors
parameters      forms with brackets, checked by a table
resources       how Stripe shows its records
control         JSON interface for tests and demo
stripe_control  the same for card payments
pages           the phone, and the list of phones and mailboxes
mailbox         the mailbox
checkout        where a person pays, and the bank's second step
bank            the debtor's card payments
world           what the rooms share, and the list of rooms
==============  ==========================================================================

A further provider is one more room: a function ``routes(world)`` and one line in ``world.ROOMS``.
"""
