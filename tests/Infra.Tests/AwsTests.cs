using Pulumi;

namespace Frazil.Infra.Tests;

/// <summary>What an AWS stack declares, beside its policies and alarms.</summary>
public sealed class AwsTests : IAsyncLifetime
{
    private Declared _stack = null!;

    public async Task InitializeAsync() => _stack = await Stacks.AwsAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public void The_table_is_on_demand_encrypted_recoverable_and_refuses_deletion()
    {
        var table = _stack["frazil-test-table"].Inputs;
        Assert.Equal("PAY_PER_REQUEST", table["billingMode"]);
        Assert.Equal(DynamoDbSchema.HashKey, table["hashKey"]);
        Assert.Equal(DynamoDbSchema.RangeKey, table["rangeKey"]);
        Assert.Equal([$"{DynamoDbSchema.HashKey}:S", $"{DynamoDbSchema.RangeKey}:S"], table.Objects("attributes").Select(attribute => $"{attribute["name"]}:{attribute["type"]}"));
        Assert.Equal(true, table.Object("serverSideEncryption")["enabled"]);
        Assert.Equal((DynamoDbSchema.End, true), (table.Object("ttl")["attributeName"], table.Object("ttl")["enabled"]));
        Assert.Equal(true, table.Object("pointInTimeRecovery")["enabled"]);
        Assert.Equal(true, table["deletionProtectionEnabled"]);
        Assert.False(table.ContainsKey("globalSecondaryIndexes")); // lists must be consistent
    }

    [Fact]
    public void The_bucket_is_private_encrypted_and_not_emptied_by_force()
    {
        var block = _stack["frazil-test-bucket-private"].Inputs;
        foreach (var fence in new[] { "blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets" })
        {
            Assert.Equal(true, block[fence]);
        }

        Assert.Equal("BucketOwnerEnforced", _stack["frazil-test-bucket-owner"].Object("rule")["objectOwnership"]);
        var rule = _stack["frazil-test-bucket-encryption"].Inputs.Objects("rules").Single();
        Assert.Equal("AES256", rule.Object("applyServerSideEncryptionByDefault")["sseAlgorithm"]);
        Assert.Equal(false, _stack["frazil-test-bucket"].Inputs["forceDestroy"]);
        Assert.DoesNotContain("acl", _stack["frazil-test-bucket"].Inputs.Keys);
        Assert.All(
            _stack.Mocks.All.Where(resource => resource.Inputs.ContainsKey("bucket") && resource.Type != "aws:s3/bucket:Bucket"),
            part => Assert.Equal("frazil-test-bucket", part.Inputs["bucket"]));
    }

    [Fact]
    public void The_bucket_drops_uploads_that_were_never_finished_and_nothing_else()
    {
        var rule = _stack["frazil-test-bucket-lifecycle"].Inputs.Objects("rules").Single();
        Assert.Equal("Enabled", rule["status"]);
        Assert.Equal(7.0, rule.Object("abortIncompleteMultipartUpload")["daysAfterInitiation"]);
        Assert.DoesNotContain("expiration", rule.Keys);
    }

    [Fact]
    public void Bucket_queue_and_topic_refuse_plain_http()
    {
        Assert.Equal(
            Effect.Deny,
            Ask("frazil-test-bucket-policy", "s3:GetObject", "arn:aws:s3:::frazil-test-bucket/warehouse/x", ("aws:SecureTransport", "false")));
        Assert.Equal(Effect.Deny, Ask("frazil-test-bucket-policy", "s3:ListBucket", "arn:aws:s3:::frazil-test-bucket", ("aws:SecureTransport", "false")));
        Assert.Equal(
            Effect.Deny,
            Ask("frazil-test-bucket-policy", "s3:GetObject", "arn:aws:s3:::frazil-test-bucket/warehouse/x", ("aws:SecureTransport", "true"), ("s3:TlsVersion", "1.1")));
        Assert.Null(Ask("frazil-test-bucket-policy", "s3:GetObject", "arn:aws:s3:::frazil-test-bucket/warehouse/x", ("aws:SecureTransport", "true"), ("s3:TlsVersion", "1.3")));
        Assert.Equal(
            Effect.Deny,
            Ask("frazil-test-dead-letters-policy", "sqs:SendMessage", $"arn:aws:sqs:{Stacks.Region}:{Stacks.Account}:frazil-test-dead-letters", ("aws:SecureTransport", "false")));
        Assert.Equal(
            Effect.Deny,
            Ask("frazil-test-alarms-policy", "sns:Publish", $"arn:aws:sns:{Stacks.Region}:{Stacks.Account}:frazil-test-alarms", ("aws:SecureTransport", "false")));

        Effect? Ask(string name, string action, string resource, params (string, string)[] context) =>
            IamMatcher.Decide(_stack[name].Text("policy"), "AWS:arn:aws:iam::1:root", action, resource, context);
    }

    [Fact]
    public void The_dead_letters_are_encrypted() => Assert.Equal(true, _stack["frazil-test-dead-letters"].Inputs["sqsManagedSseEnabled"]);

    [Fact]
    public void Functions_are_native_on_arm_each_in_its_role()
    {
        foreach (var name in new[] { "api", "jobs" })
        {
            var function = _stack[$"frazil-test-{name}"].Inputs;
            Assert.IsType<FileArchive>(function["code"]);
            Assert.Equal("provided.al2023", function["runtime"]);
            Assert.Equal(["arm64"], function.List("architectures"));
            Assert.Equal("JSON", function.Object("loggingConfig")["logFormat"]);
            Assert.Equal($"arn:aws:iam::{Stacks.Account}:role/frazil-test-{name}-role", function["role"]);
        }
    }

    [Theory]
    [InlineData("native", "provided.al2023", "bootstrap")]
    [InlineData("managed", "dotnet10", "Frazil.Lambda")]
    public async Task The_runtime_is_an_option(string option, string runtime, string handler)
    {
        var stack = await Stacks.AwsAsync(("runtime", option), ("architecture", "x86_64"), ("memory", "512"), ("timeout", "20"), ("reservedConcurrency", "50"));
        var function = stack["frazil-test-api"].Inputs;
        Assert.Equal(runtime, function["runtime"]);
        Assert.Equal(handler, function["handler"]);
        Assert.Equal(["x86_64"], function.List("architectures"));
        Assert.Equal(512.0, function["memorySize"]);
        Assert.Equal(20.0, function["timeout"]);
        Assert.Equal(50.0, function["reservedConcurrentExecutions"]);
        Assert.False(stack["frazil-test-jobs"].Inputs.ContainsKey("reservedConcurrentExecutions"));
    }

    [Fact]
    public void The_api_is_told_everything_that_it_reads()
    {
        var settings = Settings("api");
        Assert.Equal("api", settings[SettingNames.Entry]);
        Assert.Equal("dynamodb", settings[SettingNames.Store]);
        Assert.Equal("frazil-test-table", settings[SettingNames.DynamoDbTable]);
        Assert.Equal("default", settings[SettingNames.CatalogName]);
        Assert.Equal("s3://frazil-test-bucket/warehouse", settings[SettingNames.CatalogBaseLocation]);
        Assert.Equal(Stacks.Region, settings[SettingNames.CatalogRegion]);
        Assert.Equal($"arn:aws:iam::{Stacks.Account}:role/frazil-test-vending-role", settings[SettingNames.CatalogRoleArn]);
        Assert.Equal("root", settings[SettingNames.RootClientId]);
        Assert.Equal("ssm:/frazil-test/root-client-secret", settings[SettingNames.SecretSource]);
        Assert.DoesNotContain(SettingNames.CatalogAllowedLocations, settings.Keys);
    }

    [Fact]
    public void The_jobs_are_told_of_no_secret_and_no_role_to_vend()
    {
        var settings = Settings("jobs");
        Assert.Equal("jobs", settings[SettingNames.Entry]);
        Assert.DoesNotContain(SettingNames.SecretSource, settings.Keys);
        Assert.DoesNotContain(SettingNames.CatalogRoleArn, settings.Keys);
    }

    [Fact]
    public async Task Allowed_locations_are_handed_on()
    {
        var stack = await Stacks.AwsAsync(("allowedLocations", " s3://lake/a/ , s3://other "));
        Assert.Equal("s3://lake/a,s3://other", stack["frazil-test-api"].Object("environment").Object("variables")[SettingNames.CatalogAllowedLocations]);
    }

    [Fact]
    public void Logs_are_kept_for_the_time_that_was_asked_for()
    {
        foreach (var name in new[] { "api", "jobs" })
        {
            Assert.Equal(30.0, _stack[$"frazil-test-{name}-logs"].Inputs["retentionInDays"]);
            Assert.Equal($"/frazil-test/{name}", _stack[$"frazil-test-{name}"].Object("loggingConfig")["logGroup"]);
        }
    }

    [Fact]
    public void The_url_has_both_invoke_permissions_and_the_wide_one_is_for_the_url_only()
    {
        Assert.Equal("NONE", _stack["frazil-test-url"].Inputs["authorizationType"]);
        var permissions = _stack.OfType("aws:lambda/permission:Permission").ToList();
        Assert.Equal(2, permissions.Count);
        Assert.All(permissions, permission => Assert.Equal("frazil-test-api", permission.Inputs["function"]));
        var byUrl = permissions.Single(permission => permission.Text("action") == "lambda:InvokeFunctionUrl");
        Assert.Equal("NONE", byUrl.Inputs["functionUrlAuthType"]);
        var invoke = permissions.Single(permission => permission.Text("action") == "lambda:InvokeFunction");
        Assert.Equal(true, invoke.Inputs["invokedViaFunctionUrl"]);
    }

    [Fact]
    public async Task An_http_api_takes_the_place_of_the_url()
    {
        var stack = await Stacks.AwsAsync(("frontDoor", "httpApi"));
        Assert.Empty(stack.OfType("aws:lambda/functionUrl:FunctionUrl"));
        var permission = stack.OfType("aws:lambda/permission:Permission").Single().Inputs;
        Assert.Equal("apigateway.amazonaws.com", permission["principal"]);
        Assert.Equal($"arn:aws:execute-api:{Stacks.Region}:{Stacks.Account}:abc123/*/*", permission["sourceArn"]);
        Assert.Equal("2.0", stack["frazil-test-http-integration"].Inputs["payloadFormatVersion"]);
        Assert.Equal("https://abc123.execute-api.eu-central-1.amazonaws.com", await stack.TextAsync("catalogUri"));
    }

    [Fact]
    public void Every_job_has_a_schedule_that_names_it()
    {
        var schedules = _stack.OfType("aws:scheduler/schedule:Schedule").ToList();
        Assert.Equal(JobList.All.Select(job => $"frazil-test-{job.Name}").Order(StringComparer.Ordinal), schedules.Select(schedule => schedule.Name));
        Assert.All(JobList.All, job =>
        {
            var schedule = _stack[$"frazil-test-{job.Name}"];
            var target = schedule.Object("target");
            Assert.Equal($$"""{"job":"{{job.Name}}"}""", target["input"]);
            Assert.Equal($"arn:aws:lambda:{Stacks.Region}:{Stacks.Account}:function:frazil-test-jobs", target["arn"]);
            Assert.Equal($"arn:aws:sqs:{Stacks.Region}:{Stacks.Account}:frazil-test-dead-letters", target.Object("deadLetterConfig")["arn"]);
            Assert.Equal(AwsSchedules.Rate(job.Every), schedule.Inputs["scheduleExpression"]);
        });
    }

    [Theory]
    [InlineData(1, "rate(1 minute)")]
    [InlineData(15, "rate(15 minutes)")]
    [InlineData(60, "rate(1 hour)")]
    [InlineData(90, "rate(90 minutes)")]
    [InlineData(120, "rate(2 hours)")]
    public void A_rate_is_singular_for_one(int minutes, string rate) => Assert.Equal(rate, AwsSchedules.Rate(TimeSpan.FromMinutes(minutes)));

    [Fact]
    public void A_job_that_fails_after_its_start_ends_in_the_queue()
    {
        var failures = _stack["frazil-test-jobs-failures"].Inputs;
        Assert.Equal("frazil-test-jobs", failures["functionName"]);
        Assert.Equal(
            $"arn:aws:sqs:{Stacks.Region}:{Stacks.Account}:frazil-test-dead-letters",
            failures.Object("destinationConfig").Object("onFailure")["destination"]);
    }

    [Fact]
    public async Task A_key_of_ones_own_encrypts_the_rows_and_the_secret_and_only_when_asked_for()
    {
        Assert.Empty(_stack.OfType("aws:kms/key:Key"));
        var stack = await Stacks.AwsAsync(("customerKey", "true"));
        Assert.Equal(true, stack["frazil-test-key"].Inputs["enableKeyRotation"]);
        Assert.Equal(
            $"arn:aws:kms:{Stacks.Region}:{Stacks.Account}:key/frazil-test-key",
            stack["frazil-test-table"].Object("serverSideEncryption")["kmsKeyArn"]);
        Assert.Equal("frazil-test-key", stack["frazil-test-root-secret"].Inputs["keyId"]);
        Assert.True(IamMatcher.Allows(stack["frazil-test-api-policy"].Text("policy"), "kms:Decrypt", $"arn:aws:kms:{Stacks.Region}:{Stacks.Account}:key/frazil-test-key"));
    }

    [Fact]
    public async Task Outputs_are_what_a_user_needs_next()
    {
        Assert.Equal("https://abc123.lambda-url.eu-central-1.on.aws", await _stack.TextAsync("catalogUri"));
        Assert.Equal("root", await _stack.TextAsync("rootClientId"));
        Assert.Equal(
            "aws ssm get-parameter --region eu-central-1 --with-decryption --name /frazil-test/root-client-secret --query Parameter.Value --output text",
            await _stack.TextAsync("rootSecretCommand"));
        var spark = await _stack.TextAsync("sparkSnippet");
        Assert.Contains("spark.sql.catalog.frazil.uri=https://abc123.lambda-url.eu-central-1.on.aws \\", spark, StringComparison.Ordinal);
        Assert.Contains("iceberg-aws-bundle", spark, StringComparison.Ordinal);
        Assert.Contains(
            "\"https://abc123.lambda-url.eu-central-1.on.aws/v1/oauth/tokens\"",
            await _stack.TextAsync("pyIcebergSnippet"),
            StringComparison.Ordinal);
    }

    private System.Collections.Immutable.ImmutableDictionary<string, object> Settings(string function) =>
        _stack[$"frazil-test-{function}"].Object("environment").Object("variables");
}
