"""The method: the network's graph, the costs, the objective, the optimisers and the loop, on TensorFlow."""
