"""Addresses in the network of a cluster; they are the same in every cluster."""

NODE_ADDRESS = "10.88.0.1"
POD_RANGE = "10.244.0.0/24"
PODS_OF_ALL_NODES = "10.244.0.0/16"
SERVICE_RANGE = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
DNS_ADDRESS = "10.96.0.10"
GATEWAY_ADDRESS = "10.96.0.80"
API_PORT = 6443
GATEWAY_PORT = 80
ETCD_URL = "http://127.0.0.1:2379"
