"""One job on many machines: the steps that workers take, and the Apache Beam pipeline of them."""
