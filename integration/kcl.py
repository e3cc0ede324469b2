"""Reads a Kinesis stream as the Kinesis Client Library does: a shard after its parents, and
without the user records that do not belong to the shard. Prints a line of JSON for each user
record, and for each one left out.

    kcl.py ENDPOINT STREAM
"""

import base64
import hashlib
import json
import sys

import boto3
from aws_kinesis_agg.deaggregator import iter_deaggregate_records


def user_records(shard, records):
    low, high = (int(shard["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
    event = [
        {
            "eventVersion": "1.0", "eventID": r["SequenceNumber"], "eventName": "", "eventSource": "", "eventSourceARN": "",
            "invokeIdentityArn": "", "awsRegion": "",
            "kinesis": {
                "kinesisSchemaVersion": "1.0", "partitionKey": r["PartitionKey"], "sequenceNumber": r["SequenceNumber"],
                "approximateArrivalTimestamp": 0, "data": base64.b64encode(r["Data"]).decode(),
            },
        }
        for r in records
    ]
    for user in iter_deaggregate_records(event):
        k = user["kinesis"]
        hash_key = int(hashlib.md5(k["partitionKey"].encode()).hexdigest(), 16)
        yield {
            "shard": shard["ShardId"], "key": k["partitionKey"], "data": base64.b64decode(k["data"]).decode(),
            "aggregated": bool(k.get("aggregated")), "belongs": low <= hash_key <= high,
        }


def main(endpoint, stream):
    client = boto3.client("kinesis", endpoint_url=endpoint)
    shards = {s["ShardId"]: s for s in client.list_shards(StreamName=stream)["Shards"]}
    read = set()

    def consume(shard):
        if shard["ShardId"] in read:
            return
        read.add(shard["ShardId"])
        for parent in ("ParentShardId", "AdjacentParentShardId"):
            if shard.get(parent) in shards:
                consume(shards[shard[parent]])
        position = client.get_shard_iterator(StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while position:
            page = client.get_records(ShardIterator=position)
            if not page["Records"]:
                break
            for user in user_records(shard, page["Records"]):
                print(json.dumps(user))
            position = page.get("NextShardIterator")

    for shard in shards.values():
        consume(shard)


main(*sys.argv[1:])
