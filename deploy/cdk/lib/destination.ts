import { Fn, Stack } from "aws-cdk-lib";
import * as dynamodb from "aws-cdk-lib/aws-dynamodb";
import * as events from "aws-cdk-lib/aws-events";
import * as iam from "aws-cdk-lib/aws-iam";
import * as kinesis from "aws-cdk-lib/aws-kinesis";
import * as lambda from "aws-cdk-lib/aws-lambda";
import * as s3 from "aws-cdk-lib/aws-s3";
import * as secretsmanager from "aws-cdk-lib/aws-secretsmanager";
import * as sns from "aws-cdk-lib/aws-sns";
import * as sqs from "aws-cdk-lib/aws-sqs";
import * as sfn from "aws-cdk-lib/aws-stepfunctions";

type Allow = (sid: string, resource: string) => void;

/** Where a target sends records, with the rights that it needs. */
export class Destination {
  private constructor(
    readonly type: string,
    readonly text: string,
    readonly attributes: Record<string, string>,
    readonly grant: (role: iam.Role, allow: Allow) => void,
  ) {}

  static queue(queue: sqs.IQueue): Destination {
    return new Destination("sqs", queue.queueArn, {}, (role, allow) => {
      allow("SendToSQS", queue.queueArn);
      queue.encryptionMasterKey?.grant(role, "kms:Decrypt", "kms:GenerateDataKey");
    });
  }

  static topic(topic: sns.ITopic): Destination {
    return new Destination("sns", topic.topicArn, {}, (_, allow) => allow("SendToSNS", topic.topicArn));
  }

  static stream(stream: kinesis.IStream): Destination {
    return new Destination("kinesis", stream.streamArn, {}, (role, allow) => {
      allow("SendToKinesis", stream.streamArn);
      stream.encryptionKey?.grant(role, "kms:GenerateDataKey");
    });
  }

  static deliveryStream(arn: string): Destination {
    return new Destination("firehose", arn, {}, (_, allow) => allow("SendToFirehose", arn));
  }

  /** A function, or an alias or version of one. */
  static function(fn: lambda.IFunction): Destination {
    return new Destination("lambda", fn.functionArn, {}, (_, allow) => allow("SendToLambda", fn.functionArn));
  }

  static eventBus(bus: events.IEventBus): Destination {
    return new Destination("eventbridge", bus.eventBusArn, {}, (_, allow) => allow("SendToEventBridge", bus.eventBusArn));
  }

  /** A state machine, or an alias or version of it. */
  static stateMachine(machine: sfn.IStateMachine, qualifier?: string): Destination {
    const arn = qualifier ? `${machine.stateMachineArn}:${qualifier}` : machine.stateMachineArn;
    return new Destination("stepfunctions", arn, {}, (_, allow) => {
      allow("StartExecutions", arn);
      const part = (i: number) => Fn.select(i, Fn.split(":", machine.stateMachineArn));
      allow("CompareExecutions", Fn.join(":", [0, 1, 2, 3, 4].map(part).concat("execution", part(6), "*")));
    });
  }

  /** A table, which copies the source's items if the source is a table. */
  static table(table: dynamodb.ITable, tombstone?: string): Destination {
    return new Destination("dynamodb", table.tableArn, tombstone ? { tombstone } : {}, (role, allow) => {
      allow("PutToDynamoDB", table.tableArn);
      if (tombstone === "none") allow("DeleteFromDynamoDB", table.tableArn);
      table.encryptionKey?.grant(role, "kms:Decrypt", "kms:GenerateDataKey");
    });
  }

  /** Objects of a bucket, under a prefix with places such as ${year}. */
  static bucket(bucket: s3.IBucket, prefix = ""): Destination {
    const fixed = prefix.split("${")[0].replace(/[*?]/g, (c) => `$\{${c}}`);
    return new Destination("s3", `s3://${bucket.bucketName}/${prefix}`, {}, (role, allow) => {
      allow("PutToS3", bucket.arnForObjects(`${fixed}*`));
      bucket.encryptionKey?.grant(role, "kms:GenerateDataKey");
    });
  }

  /**
   * A web server. The secret is for auth bearer, basic, oauth2 or hmac, the attribute `auth`. For
   * auth sigv4, use api or functionUrl.
   */
  static http(url: string, secret?: secretsmanager.ISecret): Destination {
    return new Destination("http", url, secret ? { secret: secret.secretArn } : {}, (_, allow) => {
      if (secret) allow("ReadSecrets", secretArn(secret));
    });
  }

  /** A URL of API Gateway that checks IAM, and the ARN of its POST, as arnForExecuteApi of the CDK makes it. */
  static api(url: string, arn: string): Destination {
    return new Destination("http", url, { auth: "sigv4" }, (_, allow) => allow("SendToAPIGateway", arn));
  }

  /** The URL of a function that checks IAM. */
  static functionUrl(url: lambda.IFunctionUrl): Destination {
    return new Destination("http", url.url, { auth: "sigv4" }, (role, allow) =>
      allow("SendToFunctionURLs", Stack.of(role).formatArn({ service: "lambda", resource: "function:*" })));
  }

  /** A topic of IoT: the endpoint, the topic, and the ARN of the topics that may be published to. */
  static iot(endpoint: string, topic: string, arn: string): Destination {
    return new Destination("iot", `${endpoint}#${topic}`, {}, (_, allow) => allow("SendToIoT", arn));
  }

  /** An index of an OpenSearch domain, by the domain's endpoint and ARN. */
  static openSearch(endpoint: string, domainArn: string, index: string): Destination {
    return new Destination("es", `${endpoint}#${index}`, {}, (_, allow) => allow("SendToOpenSearch", `${domainArn}/${index.includes("${") ? "" : `${index}/`}_bulk`));
  }

  /** An index of a collection of OpenSearch Serverless, by the collection's endpoint and ARN. */
  static collection(endpoint: string, collectionArn: string, index: string): Destination {
    return new Destination("es", `${endpoint}#${index}`, {}, (_, allow) => allow("SendToOpenSearchServerless", collectionArn));
  }

  /** A cache: the type redis or memcached, its address, and the secret with user and password. */
  static cache(type: "redis" | "memcached", address: string, secret?: secretsmanager.ISecret): Destination {
    return new Destination(type, address, secret ? { secret: secret.secretArn } : {}, (_, allow) => {
      if (secret) allow("ReadSecrets", secretArn(secret));
    });
  }

  /** A destination of any type that a role of its own delivers to. */
  static throughRole(type: string, destination: string, roleArn: string, externalId?: string): Destination {
    return new Destination(type, destination, externalId ? { role: roleArn, externalId } : { role: roleArn }, (_, allow) => allow("AssumeRoles", roleArn));
  }
}

/** The ARN of a secret as a resource. Secrets Manager adds a hyphen and six characters to a name. */
function secretArn(secret: secretsmanager.ISecret): string {
  return secret.secretFullArn ?? `${secret.secretArn}-??????`;
}
