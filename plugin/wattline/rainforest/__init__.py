"""A Rainforest stick (RAVEn, EMU-2), which hears an electricity meter by radio and speaks by itself, as XML on USB.

The way of a fragment::

    port.py         bytes, as they come; the stick is searched, lost and found again
    record.py       all of it into a file, where that is asked for; redact.py masks the keys
    framer.py       bytes in pieces -> whole fragments                                     pure
    fragment.py     bytes of a fragment -> its name and its children                       pure
    owners.py       whose it is: one stick may know several meters
    once.py         was it said before?
    numbers.py      hexadecimal texts -> numbers, times, prices                            pure
    meterclock.py   a meter's stamps -> the seconds that they mean                         pure
    decode.py       a fragment -> points, by the names of its children                     pure
    interpreter.py  all of the above from bytes to points, and counters that are believed
    stick.py        the source for the loop: takes what came, asks, looks at silence
    ask.py          what may be asked, and when; the only place that makes a command

    models.py       the sticks that are known;  words.py  NAME=MODEL[,key=value...];  find.py  USB
    system.py       what of it the commands know
    by_hand.py      one reading for ``wattline read``;  console.py, replay.py  for people
"""
