"""The owner's page beyond what all pages look like. Colours of text reach a contrast of 4.5 : 1."""

STYLE = """
p.private { background: var(--warn); color: var(--on-warn); padding: .5rem .8rem; border-radius: .4rem; margin: .5rem 0; }
dl.summary { display: grid; gap: .6rem 1.5rem; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); margin: 1rem 0; }
dl.summary dt { font-size: .8rem; color: var(--quiet); } dl.summary dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
p.hint { color: var(--quiet); font-size: .9rem; margin: 0 0 .5rem; }
details { margin: .4rem 0; } summary { cursor: pointer; color: var(--quiet); font-size: .9rem; padding: .2rem 0; }
article { display: grid; gap: .4rem 1rem; grid-template-columns: 21rem minmax(0, 1fr); padding: .7rem 0; border-top: 1px solid var(--line); }
article h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
article .pictures { display: grid; gap: .4rem; grid-template-columns: repeat(3, minmax(0, 1fr)); align-items: start; }
article ul { list-style: none; margin: .3rem 0; padding: 0; } article li { font-variant-numeric: tabular-nums; }
article li b { display: inline-block; min-width: 5.5rem; overflow-wrap: anywhere; }
figure.none div { aspect-ratio: 1; border: 1px dashed var(--line); border-radius: .4rem; display: grid; place-items: center; color: var(--quiet); font-size: .8rem; }
p.warned { margin: .2rem 0; padding-left: .6rem; border-left: .3rem solid var(--warn); color: var(--warned); font-size: .9rem; }
svg { vertical-align: middle; } svg line { stroke: var(--quiet); }
svg circle { fill: var(--accent); stroke: var(--accent); stroke-width: 2; } svg circle.before { fill: none; }
@media (max-width: 44rem) { article { grid-template-columns: minmax(0, 1fr); } }
"""
