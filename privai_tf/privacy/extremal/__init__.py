"""The mechanism of least expected error that epsilon allows, for one number: cells, program, integers.

#### References
Kairouz, Oh and Viswanath, "Extremal mechanisms for local differential privacy", JMLR 2016: outputs of
an optimal mechanism have two levels of probability, a factor e^epsilon apart.
"""
