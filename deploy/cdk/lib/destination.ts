import * as iam from "aws-cdk-lib/aws-iam";
import * as kinesis from "aws-cdk-lib/aws-kinesis";
import * as lambda from "aws-cdk-lib/aws-lambda";
import * as secretsmanager from "aws-cdk-lib/aws-secretsmanager";
import * as sns from "aws-cdk-lib/aws-sns";
import * as sqs from "aws-cdk-lib/aws-sqs";

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

  /** A topic of IoT: the endpoint, the topic, and the ARN of the topics that may be published to. */
  static iot(endpoint: string, topic: string, arn: string): Destination {
    return new Destination("iot", `${endpoint}#${topic}`, {}, (_, allow) => allow("SendToIoT", arn));
  }

  /** An index of an OpenSearch domain, by the domain's endpoint and ARN. */
  static openSearch(endpoint: string, domainArn: string, index: string): Destination {
    return new Destination("es", `${endpoint}#${index}`, {}, (_, allow) => allow("SendToOpenSearch", `${domainArn}/${index.includes("${") ? "" : `${index}/`}_bulk`));
  }

  /** A cache: the type redis or memcached, its address, and the secret with user and password. */
  static cache(type: "redis" | "memcached", address: string, secret?: secretsmanager.ISecret): Destination {
    return new Destination(type, address, secret ? { secret: secret.secretArn } : {}, (_, allow) => {
      if (secret) allow("ReadSecrets", secret.secretFullArn ?? `${secret.secretArn}-??????`);
    });
  }

  /** A destination of any type that a role of its own delivers to. */
  static throughRole(type: string, destination: string, roleArn: string, externalId?: string): Destination {
    return new Destination(type, destination, externalId ? { role: roleArn, externalId } : { role: roleArn }, (_, allow) => allow("AssumeRoles", roleArn));
  }
}
