"""Readings for MQTT and Home Assistant: what Telegraf hands on, published with everything that its own output cannot say.

    intake.py     takes readings from Telegraf, and says yes only when the broker has them
    decimals.py   the number on the meter's display
    messages.py   readings as JSON, and as the old programs wrote them
    discovery.py  what Home Assistant is told about a meter
    contract.py   what a contract costs today
    meter.py      what is known of a meter, and whether a reading is of now
    address.py    where the broker is
    broker.py     the connection: last will, status, what is said anew when it comes back
    relay.py      from a batch of readings to messages
    service.py    all of it together

Telegraf's own `outputs.mqtt` has one topic, retained or not, no last will, and ends the whole Telegraf when the broker is away
at the start.
"""
