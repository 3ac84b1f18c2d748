"""From drawn to published: staged in the manifest, charged to the ledger, written, noted as done.

One process does this for a manifest. A fleet's workers only draw (`stages`); their outcomes come to
the one who holds ledger and output folder.
"""

import concurrent.futures
import contextlib
import dataclasses
import functools
import secrets
from collections.abc import Iterable, Sequence

from privai_tf.artifacts import Guarantee
from privai_tf.errors import ConfigurationError, PrivaiError
from privai_tf.jobs.failures import Failure
from privai_tf.jobs.inputs import Item
from privai_tf.jobs.outcomes import Outcome, Output
from privai_tf.jobs.private_folder import PrivateFolder
from privai_tf.jobs.publication import PublicFolder
from privai_tf.jobs.record_folder import RecordFolder
from privai_tf.privacy.ledger import BudgetExceededError, Charge, Head, Ledger, RelationError
from privai_tf.privacy.ledger.stored_events import from_json, to_json
from privai_tf.privacy.relation import Relation
from privai_tf.runtime.interruption import uninterrupted
from privai_tf.runtime.manifest import Manifest, Staged
from privai_tf.runtime.pictures import png

LEDGER_NOTE = "ledger"  # Under which a manifest knows the ledger's head.


class Settlement:
  """Publishes outcomes, paying for each before anything of it can be seen.

  Args:
    manifest: remembers what is drawn and what is done.
    public: the publishable folder.
    private: the owner's folder, or None.
    ledger: pays, or None.
    records_per_file: how many releases go into one file, where `public` takes TFRecords.
    threads: how many encode and write pictures at once.
  """

  def __init__(
    self,
    manifest: Manifest,
    public: PublicFolder,
    private: PrivateFolder | None,
    ledger: Ledger | None,
    records_per_file: int = 500,
    threads: int = 1,
  ):
    self._manifest = manifest
    self._public = public
    self._packs = isinstance(public, RecordFolder)
    self._pack: list[str] = []
    self._records_per_file = records_per_file
    if manifest.overwrites:
      public.remove_record_files(manifest.files())
    self._private = private
    self._ledger = ledger
    seen = manifest.noted(LEDGER_NOTE)
    if ledger is not None and seen is not None:
      ledger.require_head(Head.from_json(seen))
    self._threads = threads
    self._charged: list[tuple[str, Charge]] = []

  def is_known(self, name: str) -> bool:
    """Whether an output of this name is published, or will be without being drawn again.

    Only the manifest knows: files of that name may be somebody's, or of a release to be replaced.
    """
    return self._manifest.is_known(name)

  def is_item_known(self, item: Item) -> bool:
    """Whether nothing of an item, named by `claims`, needs to be drawn."""
    return self._manifest.is_item_done(item.key) or self.is_known(item.name)

  def stand_in(self, name: str) -> Failure | None:
    """What a known output stands in for; None for what is no stand-in."""
    stored = self._manifest.stand_in(name)
    return Failure(**stored) if stored else None

  def resume(self) -> list[str]:
    """Publishes what an earlier run had drawn.

    Returns:
      The names that were published.
    """
    published = []
    assigned: dict[int, list[str]] = {}
    for name, file in self._manifest.waiting():
      if file is not None:  # Paid for before, and perhaps in a file that is whole.
        assigned.setdefault(file, []).append(name)
        continue
      with uninterrupted():
        release = self._manifest.staged(name)
        refusal = self._pay(release)
        self._book()
        if refusal:
          self._manifest.drop([name])
        else:
          self._note_head()
          self._publish(release)
          published.append(name)
    for file, names in assigned.items():
      self._write_pack(file, names)
      published += names
    return published

  def settle(self, outcomes: Sequence[Outcome]) -> list[tuple[str, PrivaiError | None]]:
    """Publishes what was drawn, a batch's worth; signals wait until it is done.

    Args:
      outcomes: from `Stages.process`; those that failed are passed over.

    Returns:
      For every output its name and None, or why it was refused (and nothing of it published).

    Raises:
      OutputError: if something cannot be written; what is staged is published by the next run.
      LedgerError: if the ledger cannot be used, likewise.
    """
    drawn = [(output, outcome) for outcome in outcomes for output in outcome.outputs]
    pool = concurrent.futures.ThreadPoolExecutor(self._threads, thread_name_prefix="settlement")
    with uninterrupted(), pool:
      records = [(record, output.name) for output, _ in drawn for record in output.records]
      if self._private and records:
        _wait(pool.map(self._private.write, *zip(*records, strict=True)))
      staged = list(pool.map(self._staged, *zip(*drawn, strict=True))) if drawn else []
      self._manifest.stage(staged, [outcome.source for outcome in outcomes if outcome.outputs])
      # In order, since a budget may end in mid-batch; and all before anything can be seen.
      with self._ledger.together() if self._ledger else contextlib.nullcontext():
        results = [(release.name, self._pay(release)) for release in staged]
      self._note_head()
      self._book()
      refused = {name for name, error in results if error is not None}
      if refused:
        self._manifest.drop(sorted(refused))
      paid = [release for release in staged if release.name not in refused]
      if self._private:
        shown = (record for record, name in records if name not in refused)
        _wait(pool.map(self._private.write_release, shown))
      _wait(map(self._publish, paid) if self._packs else pool.map(self._publish, paid))
      for outcome in outcomes:
        names = {output.name for output in outcome.outputs}
        if outcome.failure is None and names != {outcome.item.name} and not names & refused:
          self._manifest.finish_item(outcome.item.key)
    return results

  def _staged(self, output: Output, outcome: Outcome) -> Staged:
    charge = None
    if self._ledger is not None:
      charge = charge_for(
        output.guarantee,
        output.event,
        output.relation,
        output.subject,
        output.faces,
        secrets.token_hex(16),
      )
    content = self._public.content(output.name, output.guarantee, output.bound)
    stand_in = dataclasses.asdict(outcome.failure) if outcome.failure else None
    return Staged(output.name, png(output.pixels), content, charge, stand_in, outcome.item.key)

  def _pay(self, staged: Staged) -> PrivaiError | None:
    """Charges a release, a repeated one for nothing. Returns a refusal.

    Raises:
      ConfigurationError: if it was drawn for a ledger, and there is none, or the reverse.
    """
    if (staged.charge is None) != (self._ledger is None):
      drawn, now = ("a ledger", "none") if staged.charge else ("no ledger", "one")
      raise ConfigurationError(
        f"{staged.name}: was drawn for {drawn}, and there is {now} now; nothing is published. Go on "
        "as it was begun"
      )
    if staged.charge is not None:
      try:
        self._charged.append((staged.name, pay_for(self._ledger, staged.charge)))
      except (BudgetExceededError, RelationError) as error:
        return error
    return None

  def _note_head(self) -> None:
    """Lets the manifest know how far the ledger was, so that an older copy of it is recognized."""
    if self._ledger is not None and self._ledger.head is not None:
      self._manifest.note(LEDGER_NOTE, self._ledger.head.to_json())

  def _book(self) -> None:
    """Tells the owner which charges paid for what; they are on the disk."""
    if self._private and self._charged:
      self._private.write_charges(self._charged)
    self._charged.clear()

  def _publish(self, staged: Staged) -> None:
    """Writes what is paid for, a second time the same bytes; into its pack where there are such."""
    if not self._packs:
      self._public.write(staged.name, staged.png, staged.content)
      self._manifest.finish(staged.name)
      return
    if self._private:
      self._private.write_published(staged.name, staged.png)
    self._pack.append(staged.name)
    if len(self._pack) >= self._records_per_file:
      self.finish()

  def finish(self) -> None:
    """Publishes what is paid for and still waits for its file to be full."""
    if self._pack:
      self._write_pack(self._manifest.assign(self._pack), self._pack)
      self._pack = []

  def finish_overwriting(self) -> None:
    """Removes what was published before of inputs that have been released anew under other names."""
    for name in self._manifest.outdated():
      if self._packs or not self._manifest.is_known(name):
        self._public.remove_release(name)
    self._manifest.forget_outdated()

  def _write_pack(self, file: int, names: Sequence[str]) -> None:
    releases = (self._manifest.staged(name) for name in names)
    rows = ((release.name, release.png, release.content) for release in releases)
    self._public.write_file(file, rows)
    for name in names:
      self._manifest.finish(name)


def _wait(results: Iterable[None]) -> None:
  """Waits for all; raises the first error."""
  for _ in results:
    pass


def charge_for(
  guarantee: Guarantee,
  event: object,
  relation: Relation,
  subject: str,
  faces: int,
  release_id: str,
) -> dict:
  """What a release costs, as JSON values.

  Args:
    guarantee: the promise for each face.
    event: the `dp_accounting` event of each face's release.
    relation: what the promise is about.
    subject: whose budget pays.
    faces: how many are released together.
    release_id: the ledger takes a second charge with it for the same one.
  """
  return {
    "subject": subject,
    "event": to_json(event),
    "epsilon": guarantee.epsilon,
    "delta": guarantee.delta,
    "mechanism": guarantee.mechanism,
    "relation": relation.to_json(),
    "count": faces,
    "release_id": release_id,
  }


def pay_for(ledger: Ledger, charge: dict) -> Charge:
  """Charges every face of a release in one go: a frame is published with all of them or not at all."""
  from fractions import Fraction

  count = charge["count"]
  event = from_json(charge["event"])
  epsilon, delta = charge["epsilon"], charge["delta"]
  if count > 1:
    from dp_accounting import dp_event

    event = dp_event.SelfComposedDpEvent(event, count)
    epsilon, delta = count * Fraction(epsilon), count * Fraction(delta)
  return ledger.charge(
    charge["subject"],
    event,
    epsilon,
    delta,
    mechanism=charge["mechanism"],
    relation=_relation(charge),
    release_id=charge["release_id"],
  )


@functools.lru_cache(maxsize=16)
def _parsed(text: str) -> Relation:
  """A relation from JSON; all releases of a job have the same one."""
  return Relation.from_json(text)


def _relation(charge: dict) -> Relation:
  """Of a staged charge; those of an earlier version say their scope only."""
  if "relation" in charge:
    return _parsed(charge["relation"])
  return Relation.unknown_image() if charge["scope"] == "image" else Relation.unknown_attribute()
