"""What is pasted into documents of others: the block of a model card, the table and numbers of a paper, the methods.

All of it is made of records: :class:`~archstat.documents.evidence.Evidence` is what is known of one network. What no
record says stands nowhere, and what is not known is said to be so.
"""
