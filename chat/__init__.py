"""The chat product, stage by stage; a module may import only from the levels below its own.

5  views | transports | api | generation | features    who is asked, who watches, who writes
4  actions | queries | rendering | tools                what can be done, what can be asked, what it looks like
3  events                                               the road between the writer and the watchers
2  models                                               what is stored
1  providers | errors | conf | metrics                  who writes text; words and limits used by all

`events/types.py` and `events/fold.py` are pure and usable everywhere. `docs/architecture.md` follows one
prompt through these stages; `tests/test_architecture.py` holds the levels.
"""
