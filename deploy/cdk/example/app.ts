// A stream whose records go to two queues, and a queue whose messages go to an event bus. Write the function first: fanout package .
import { App, Duration, Stack } from "aws-cdk-lib";
import * as events from "aws-cdk-lib/aws-events";
import * as kinesis from "aws-cdk-lib/aws-kinesis";
import * as sns from "aws-cdk-lib/aws-sns";
import * as sqs from "aws-cdk-lib/aws-sqs";

import { Destination, Fanout } from "../lib/fanout";

const app = new App();
const stack = new Stack(app, "Orders", { description: "Orders, delivered by fanout" });
const orders = new kinesis.Stream(stack, "OrdersStream", { streamName: "orders", streamMode: kinesis.StreamMode.ON_DEMAND });

const fanout = new Fanout(stack, "Fanout", {
  functionName: "orders",
  package: process.env.FANOUT_PACKAGE ?? "fanout-arm64.zip",
  alarmTopic: new sns.Topic(stack, "OnCall"),
});
fanout.addStream(orders, { startingPosition: "TRIM_HORIZON", batchSize: 1000 });
fanout.addTarget("archive", {
  source: orders,
  destination: Destination.queue(new sqs.Queue(stack, "Archive")),
  attributes: { collapse: "none" },
});
fanout.addTarget("large", {
  source: orders,
  destination: Destination.queue(new sqs.Queue(stack, "Large")),
  attributes: { collapse: "none", filter: { data: { total: [{ numeric: [">=", 50] }] } } },
});

const jobs = new sqs.Queue(stack, "Jobs", {
  visibilityTimeout: Duration.minutes(3), deadLetterQueue: { queue: new sqs.Queue(stack, "Dead"), maxReceiveCount: 5 },
});
fanout.addQueue(jobs, { maximumConcurrency: 10 });
fanout.addTarget("jobs", {
  source: jobs,
  destination: Destination.eventBus(new events.EventBus(stack, "Shop")),
  attributes: { detailType: "Job" },
});
app.synth();
