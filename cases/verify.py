"""The proof: seals, ledger, kept positions and the state of plans, each against the facts.

`verify` asks set-based questions and names the first row of each rule that is
off. It changes nothing. What it cannot prove it counts: rows not yet sealed.
"""

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.arrangements import monitoring
from cases.arrears.position import DERIVE
from cases.seal import Finding, Sealed, check_seals


@dataclass(frozen=True, slots=True)
class Proof:
    """What was checked and found."""

    sealed: Sealed
    entries: int
    payments: int
    positions: int
    findings: list[Finding] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is off."""
        return not self.findings


def _proof(salt: str, words: str) -> str:
    """The proof of words that may be erased (`history.proof`), as SQL over two columns."""
    return f"encode(sha256(uuid_send({salt}) || convert_to({words}, 'UTF8')), 'hex')"


RULES: Final = {
    ("entry", "mirror_differs"): """
        select m.id from entry m join entry o on o.id = m.reverses
        where o.reverses is not null or o.amount <> -m.amount or m.value_date < o.value_date or o.due_on is distinct from m.due_on
           or (o.account_id, o.component, o.book, o.kind) <> (m.account_id, m.component, m.book, m.kind) order by 1 limit 1""",
    ("entry", "mirror_of_nothing"): """
        select m.id from entry m left join entry o on o.id = m.reverses where m.reverses is not null and o.id is null order by 1 limit 1""",
    ("payment", "parts_differ"): """
        select p.id from payment p left join (select payment_id, sum(amount) as parts from entry where payment_id is not null group by 1) e on e.payment_id = p.id
        where coalesce(e.parts, 0) <> -p.amount order by 1 limit 1""",
    ("payment", "return_differs"): """
        select b.id from payment b join payment p on p.id = b.returns where b.amount <> -p.amount or b.value_date < p.value_date or p.creditor_id <> b.creditor_id order by 1 limit 1""",
    ("account", "component_below_nought"): """
        select account_id from entry group by account_id, component
        having case component when 'credit' then sum(amount) > 0 else sum(amount) < 0 end order by 1 limit 1""",
    ("entry", "no_history_line"): """
        select id from entry e where not exists (select from history h where h.tx = e.tx) order by 1 limit 1""",
    ("payment", "no_history_line"): """
        select id from payment p where not exists (select from history h where h.tx = p.tx) order by 1 limit 1""",
    ("entry", "payment_missing"): """
        select e.id from entry e where e.payment_id is not null and not exists (select from payment p where p.id = e.payment_id) order by 1 limit 1""",
    ("entry", "part_of_another_payment"): """
        select e.id from entry e join payment p on p.id = e.payment_id left join entry o on o.id = e.reverses
        where (e.creditor_id, e.currency) <> (p.creditor_id, p.currency)
           or p.returns is not null and (o.payment_id is distinct from p.returns) order by 1 limit 1""",
    ("consent", "words_differ"): """
        select id from consent where words is not null and sha256(convert_to(words, 'UTF8')) <> words_sha order by 1 limit 1""",
    ("consent", "not_as_told"): """
        select c.id from consent c left join history h on h.kind = 'consent.given' and h.subject = 'proposal:' || c.proposal_id
        where h.id is null or h.facts is not null and h.facts->>'sha256' <> encode(c.words_sha, 'hex') order by 1 limit 1""",
    ("hold", "not_as_told"): """
        select o.id from hold o left join history h on h.kind in ('hold.placed', 'hold.extended') and h.subject = 'hold:' || o.id and h.person_id = o.person_id
        where h.id is null and o.basis <> 'dispute' or h.facts is not null and (h.facts->>'basis' <> o.basis or h.facts->>'starts_on' <> o.starts_on::text
          or array(select json_array_elements_text(h.facts->'stops')) <> o.stops) order by 1 limit 1""",
    ("dispute", "not_as_told"): """
        select d.id from dispute d left join history h on h.kind = 'debt.disputed' and h.subject = 'dispute:' || d.id
        where h.id is null or h.facts is not null and h.facts->>'ground' <> d.ground order by 1 limit 1""",
    ("note", "not_as_told"): f"""
        select n.id from note n left join history h on h.kind = 'note.written' and h.subject = 'note:' || n.id and h.person_id = n.person_id
        where h.id is null or h.actor <> n.made_by or h.facts is not null and n.words is not null
          and h.facts->>'words' is distinct from {_proof("n.salt", "n.words")} order by 1 limit 1""",
    ("note", "erased_untold"): """
        select n.id from note n where n.words is null
        and not exists (select from history h where h.kind = 'note.erased' and h.subject = 'note:' || n.id) order by 1 limit 1""",
    ("diary_entry", "not_as_told"): f"""
        select d.id from diary_entry d left join history h on h.kind = 'contact.made' and h.subject = 'diary_entry:' || d.id and h.person_id = d.person_id
        where h.id is null or h.actor <> d.made_by or h.facts is not null and (
          (h.facts->>'channel', h.facts->>'direction', h.facts->>'outcome') <> (d.channel, d.direction, d.outcome)
          or (h.facts->>'happened_at')::timestamptz <> d.happened_at or (h.facts->>'asked_for')::boolean <> d.asked_for
          or array(select json_array_elements_text(h.facts->'against')) <> d.against or (h.facts->>'contact')::bigint is distinct from d.contact_id
          or d.note is not null and h.facts->>'note' is distinct from {_proof("d.note_salt", "d.note")}
          or d.reason is not null and h.facts->>'reason' is distinct from {_proof("d.reason_salt", "d.reason")}) order by 1 limit 1""",
    ("diary_entry", "erased_untold"): """
        select d.id from diary_entry d join history h on h.kind = 'contact.made' and h.subject = 'diary_entry:' || d.id
        where (d.note is null and h.facts->>'note' is not null or d.reason is null and h.facts->>'reason' is not null)
        and not exists (select from history e where e.kind = 'diary.erased' and e.subject = h.subject) order by 1 limit 1""",
    ("work_item", "follows_no_contact"): r"""
        select w.id from work_item w left join diary_entry d on w.subject = 'diary_entry:' || d.id and w.person_id = d.person_id
        where w.subject like 'diary\_entry:%' and w.done_at is null
        and (d.id is null or (w.kind, d.outcome) not in (('identity', 'not_them'), ('unreachable', 'wrong_number'))) order by 1 limit 1""",
    ("assessment", "not_as_told"): """
        select a.proposal_id from assessment a left join history h on h.kind = 'proposal.judged' and h.subject = 'proposal:' || a.proposal_id
        where h.id is null or h.facts is not null and (h.facts->>'accepted')::boolean <> a.accepted order by 1 limit 1""",
    ("assessment", "accepted_and_not_agreed"): """
        select a.proposal_id from assessment a join proposal p on p.id = a.proposal_id
        where a.accepted and (p.state, coalesce(p.decided_by, '')) <> ('agreed', 'limits') order by 1 limit 1""",
    ("statement_of_affairs", "not_as_told"): """
        select s.id from statement_of_affairs s left join history h on h.kind = 'affairs.finished' and h.subject = 'statement_of_affairs:' || s.id
        where s.finished_at is not null and (h.id is null or h.facts is not null and (h.facts->>'version')::int <> s.version) order by 1 limit 1""",
    ("entry", "foreign_account"): """
        select e.id from entry e join account a on a.id = e.account_id where (a.creditor_id, a.currency) <> (e.creditor_id, e.currency) order by 1 limit 1""",
    ("announced", "booked_without_its_payment"): """
        select n.id from announced n left join payment p on p.id = n.payment_id where n.ending = 'booked' and n.replaced_at is null
        and (p.id is null or p.creditor_id <> n.creditor_id or p.currency <> n.currency) order by 1 limit 1""",
    ("announced", "booked_on_another_day"): """
        select n.id from announced n join payment p on p.id = n.payment_id where n.replaced_at is null and n.ended_on <> p.value_date order by 1 limit 1""",
    ("arrangement", "two_live_for_an_account"): """
        select max(arrangement_id) from arrangement_account where ended_at is null group by account_id having count(*) > 1 order by 1 limit 1""",
    ("arrangement_account", "shares_differ"): """
        select c.arrangement_id from arrangement_account c
        left join (select i.arrangement_id, s.account_id, sum(s.amount) as shared from instalment i join instalment_share s on s.instalment_id = i.id group by 1, 2) x
          using (arrangement_id, account_id) where coalesce(x.shared, 0) <> c.amount + coalesce(c.interest, 0) order by 1 limit 1""",
    ("plan_interest", "charged_differs"): """
        select i.account_id from plan_interest i
        left join entry e on e.account_id = i.account_id and e.key = format('plan-interest/%s/%s/%s', i.arrangement_id, i.account_id, i.until)
        where coalesce(e.amount, 0) <> i.charged or e.value_date <> i.until order by 1 limit 1""",
    ("plan_interest", "above_agreed"): """
        select i.account_id from plan_interest i join arrangement_account a using (arrangement_id, account_id)
        group by i.arrangement_id, i.account_id, a.interest having sum(i.expected) > coalesce(a.interest, 0) order by 1 limit 1""",
    ("entry", "interest_of_no_plan"): """
        select e.id from entry e where e.key like 'plan-interest/%' and e.reverses is null and not exists (
          select from plan_interest i where i.account_id = e.account_id and e.key = format('plan-interest/%s/%s/%s', i.arrangement_id, i.account_id, i.until))
        order by 1 limit 1""",
    ("arrangement", "ends_without_its_accounts"): """
        select a.arrangement_id from arrangement_account a join arrangement g on g.id = a.arrangement_id
        where (g.ended_at is null) <> (a.ended_at is null) order by 1 limit 1""",
    ("payment", "named_for_another_account"): """
        select n.payment_id from payment_named n join entry e on e.payment_id = n.payment_id
        where not exists (select from arrangement_account a where a.arrangement_id = n.arrangement_id and a.account_id = e.account_id) order by 1 limit 1""",
    ("day_run", "days_out_of_order"): """
        select d.creditor_id from day_run d join day_run b on b.creditor_id = d.creditor_id and b.day < d.day
        where d.finished_at is not null and b.finished_at is null order by 1 limit 1""",
    ("account", "no_live_terms"): """
        select a.id from account a where not exists (select from account_terms t where t.account_id = a.id and t.replaced_at is null) order by 1 limit 1""",
}
"""Each rule as a question for the first row that breaks it."""

_POSITIONS: Final = (
    DERIVE.format(
        asked="select p.account_id, x.creditor_id, p.as_of as on_day from position p join account x on x.id = p.account_id"
    )
    + """select p.account_id, p.overdue, r.overdue, p.since, r.since from position p join r using (account_id)
    where (p.fallen, p.met, p.overdue, p.as_of, p.creditor_id) <> (r.fallen, r.met, r.overdue, r.as_of, r.creditor_id)
       or p.band is not null
       or (p.since, p.rest, p.next_due, p.next_change) is distinct from (r.since, r.rest, r.next_due, r.next_change)
    order by 1 limit 1"""
)
_STALE: Final = """
    select p.account_id from position p join account a on a.id = p.account_id join creditor c on c.id = a.creditor_id
    join (select account_id, max(recorded_at) as at from (select account_id, recorded_at from entry
          union all select account_id, recorded_at from due) f group by 1) f on f.account_id = p.account_id
    where p.as_of < (f.at at time zone c.zone)::date order by 1 limit 1"""
_NO_POSITION: Final = """
    select a.id from account a where not exists (select from position p where p.account_id = a.id)
    and (exists (select from entry e where e.account_id = a.id) or exists (select from due d where d.account_id = a.id)) order by 1 limit 1"""


def verify(session: Session, anchor: tuple[int, str] | None = None) -> Proof:
    """Proves seals, ledger and positions as of their own days. `anchor`: number and hash of a seal, from the log."""
    sealed = check_seals(session, anchor)
    findings = list(sealed.findings)
    for (where, what), question in RULES.items():
        row = session.execute(text(question)).scalar()
        if row is not None:
            findings.append(Finding(where, int(row), what))
    off = session.execute(text(_POSITIONS)).one_or_none()
    if off is not None:
        facts = {"kept": off[1], "derived": off[2], "kept_since": off[3], "derived_since": off[4]}
        findings.append(Finding("position", off[0], "differs_from_facts", facts))
    plan = monitoring.unlike(session)
    if plan is not None:
        findings.append(Finding("arrangement", plan[0], "differs_from_facts", {"kept": plan[1], "derived": plan[2]}))
    for what, question in (("older_than_its_facts", _STALE), ("missing", _NO_POSITION)):
        account = session.execute(text(question)).scalar()
        if account is not None:
            findings.append(Finding("position", int(account), what))
    counts = session.execute(
        text("select (select count(*) from entry), (select count(*) from payment), (select count(*) from position)")
    ).one()
    return Proof(sealed, counts[0], counts[1], counts[2], findings)
