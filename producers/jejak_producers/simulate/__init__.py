"""A nation's traffic from a seed, and the sample registry and stories it rests on.

nation(seed=7, events=5_000, documents=...)      the nation: parties, phases, manifest
for phase in it.phases(): ...                    deliveries, in dependency order
samples.events(samples.story_file("pkn-ekosistem", "failure"))   one story of the eighteen
"""

from jejak_producers.simulate.delivery import Delivery, delivery_of
from jejak_producers.simulate.nation import REFERENCE, Manifest, Nation, Phase, nation

__all__ = ["REFERENCE", "Delivery", "Manifest", "Nation", "Phase", "delivery_of", "nation"]
