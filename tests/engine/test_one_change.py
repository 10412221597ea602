"""The path of one change, down and up."""

from tests.support.chain_floor import HO, S001, S002, ChainFloor


def test_a_price_changed_at_a_sql_prompt_arrives_and_its_acknowledgement_comes_home(
    floor: ChainFloor,
) -> None:
    floor.sql(HO, "INSERT INTO item VALUES ('I1', 'Tea', '111')")
    floor.done(HO)
    assert floor.rows(S001, "item") == []
    floor.done(S001)
    assert floor.rows(S001, "item") == [("I1", "Tea", "111")]
    assert floor.rows(S002, "item") == []
    floor.done(HO)
    found = floor.sql(HO, "SELECT site, to_no FROM sync_ack WHERE stream = 'HO/catalogue'")
    assert found == [("S001", 1)]
