"""The commands of ``wattline``, one module each, imported only when asked for.

Every module has ``SUMMARY`` (one line), ``EXAMPLE`` (a command line that works), ``ERROR_PREFIX`` (what stands before a
sentence on stderr), ``configure(parser)`` and ``execute(arguments) -> exit code``.
"""
