"""A network on a device → what it takes there: time, memory, power and energy, as a record.

``docs/measuring.md`` says what each number means and how it is got.
"""
