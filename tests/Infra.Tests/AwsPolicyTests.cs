using System.Text.Json;

namespace Frazil.Infra.Tests;

/// <summary>Who may do what, asked of the policies as they are declared.</summary>
public sealed class AwsPolicyTests : IAsyncLifetime
{
    private const string Bucket = "arn:aws:s3:::frazil-test-bucket";
    private const string Table = $"arn:aws:dynamodb:{Stacks.Region}:{Stacks.Account}:table/frazil-test-table";
    private const string Metadata = $"{Bucket}/warehouse/0198c2d4/metadata/00001.metadata.json";
    private const string Data = $"{Bucket}/warehouse/0198c2d4/data/00000-0.parquet";
    private const string ApiRole = $"arn:aws:iam::{Stacks.Account}:role/frazil-test-api-role";
    private const string JobsRole = $"arn:aws:iam::{Stacks.Account}:role/frazil-test-jobs-role";
    private const string VendingRole = $"arn:aws:iam::{Stacks.Account}:role/frazil-test-vending-role";

    /// <summary>What the catalog's roles must never be able to do, to whatever.</summary>
    private static readonly string[] Forbidden =
    [
        "dynamodb:Scan", "dynamodb:DeleteTable", "dynamodb:UpdateTable", "dynamodb:UpdateItem", "dynamodb:CreateBackup", "dynamodb:PartiQLDelete",
        "s3:DeleteBucket", "s3:PutBucketPolicy", "s3:PutBucketAcl", "s3:PutObjectAcl", "iam:PassRole", "iam:CreateRole", "ssm:PutParameter", "ssm:GetParametersByPath",
        "kms:ScheduleKeyDeletion", "lambda:UpdateFunctionCode", "logs:DeleteLogGroup", "sts:GetFederationToken",
    ];

    private Declared _stack = null!;

    public async Task InitializeAsync() => _stack = await Stacks.AwsAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    private string Api => _stack["frazil-test-api-policy"].Text("policy");

    private string Jobs => _stack["frazil-test-jobs-policy"].Text("policy");

    private string Vending => _stack["frazil-test-vending-policy"].Text("policy");

    [Theory]
    [InlineData("dynamodb:GetItem")]
    [InlineData("dynamodb:BatchGetItem")]
    [InlineData("dynamodb:Query")]
    [InlineData("dynamodb:PutItem")]
    [InlineData("dynamodb:DeleteItem")]
    [InlineData("dynamodb:ConditionCheckItem")]
    public void Api_and_jobs_use_the_rows_of_their_table_and_of_no_other(string action)
    {
        foreach (var policy in new[] { Api, Jobs })
        {
            Assert.True(IamMatcher.Allows(policy, action, Table));
            Assert.False(IamMatcher.Allows(policy, action, Table + "2"));
            Assert.False(IamMatcher.Allows(policy, action, Table + "/index/any"));
            Assert.False(IamMatcher.Allows(policy, action, Table.Replace(Stacks.Region, "us-east-1", StringComparison.Ordinal)));
            Assert.False(IamMatcher.Allows(policy, action, Table.Replace(Stacks.Account, "210987654321", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Api_reads_and_writes_metadata_files_and_takes_back_those_that_lost_a_race()
    {
        Assert.True(IamMatcher.Allows(Api, "s3:DeleteObject", Metadata));
        Assert.True(IamMatcher.Allows(Api, "s3:GetObject", Metadata));
        Assert.True(IamMatcher.Allows(Api, "s3:PutObject", Metadata));
    }

    [Theory]
    [InlineData("warehouse/t/00001-x.metadata.json")]
    [InlineData("warehouse/elsewhere/by/write.metadata.path/00001-x.gz.metadata.json")]
    [InlineData("warehouse/registered/v3.metadata.json.gz")]
    public void Api_finds_metadata_files_in_whatever_folder(string file)
    {
        foreach (var action in new[] { "s3:GetObject", "s3:PutObject", "s3:DeleteObject" })
        {
            Assert.True(IamMatcher.Allows(Api, action, $"{Bucket}/{file}"));
        }
    }

    [Fact]
    public void Api_reads_manifests_for_a_preview_and_changes_none()
    {
        const string Manifest = $"{Bucket}/warehouse/t/metadata/m0.avro";

        Assert.True(IamMatcher.Allows(Api, "s3:GetObject", Manifest));
        Assert.False(IamMatcher.Allows(Api, "s3:PutObject", Manifest));
        Assert.False(IamMatcher.Allows(Api, "s3:DeleteObject", Manifest));
    }

    [Fact]
    public void Api_cannot_touch_data_files()
    {
        foreach (var action in new[] { "s3:GetObject", "s3:PutObject", "s3:DeleteObject" })
        {
            Assert.False(IamMatcher.Allows(Api, action, Data));
        }
    }

    [Theory]
    [InlineData("arn:aws:s3:::another-bucket/warehouse/t/metadata/1.metadata.json")]
    [InlineData("arn:aws:s3:::frazil-test-bucket2/warehouse/t/metadata/1.metadata.json")]
    [InlineData("arn:aws:s3:::frazil-test-bucket/warehouse2/t/metadata/1.metadata.json")]
    [InlineData("arn:aws:s3:::frazil-test-bucket/other/t/metadata/1.metadata.json")]
    [InlineData("arn:aws:s3:::frazil-test-bucket/metadata/1.metadata.json")]
    public void No_role_reaches_beside_the_warehouse(string file)
    {
        foreach (var policy in new[] { Api, Jobs, Vending })
        {
            foreach (var action in new[] { "s3:GetObject", "s3:PutObject", "s3:DeleteObject" })
            {
                Assert.False(IamMatcher.Allows(policy, action, file));
            }
        }
    }

    [Fact]
    public void Jobs_read_and_delete_files_and_write_none()
    {
        foreach (var file in new[] { Metadata, Data })
        {
            Assert.True(IamMatcher.Allows(Jobs, "s3:GetObject", file));
            Assert.True(IamMatcher.Allows(Jobs, "s3:DeleteObject", file));
            Assert.False(IamMatcher.Allows(Jobs, "s3:PutObject", file));
        }
    }

    [Fact]
    public void Lists_tell_a_missing_file_from_a_forbidden_one_in_the_own_bucket_only()
    {
        foreach (var policy in new[] { Api, Jobs })
        {
            Assert.True(IamMatcher.Allows(policy, "s3:ListBucket", Bucket));
            Assert.False(IamMatcher.Allows(policy, "s3:ListBucket", "arn:aws:s3:::another-bucket"));
        }
    }

    [Fact]
    public void Only_the_api_assumes_a_role_and_only_the_vending_role()
    {
        Assert.True(IamMatcher.Allows(Api, "sts:AssumeRole", VendingRole));
        Assert.False(IamMatcher.Allows(Api, "sts:AssumeRole", ApiRole));
        Assert.False(IamMatcher.Allows(Api, "sts:AssumeRole", JobsRole));
        Assert.False(IamMatcher.Allows(Api, "sts:AssumeRole", VendingRole + "2"));
        Assert.False(IamMatcher.Allows(Jobs, "sts:AssumeRole", VendingRole));
        Assert.False(IamMatcher.Allows(Vending, "sts:AssumeRole", VendingRole));
    }

    [Theory]
    [InlineData("AWS:" + ApiRole, true)]
    [InlineData("AWS:" + JobsRole, false)]
    [InlineData($"AWS:arn:aws:iam::{Stacks.Account}:root", false)]
    [InlineData("AWS:arn:aws:iam::210987654321:role/frazil-test-api-role", false)]
    [InlineData("Service:lambda.amazonaws.com", false)]
    public void The_vending_role_trusts_the_api_alone(string who, bool trusted) =>
        Assert.Equal(trusted, IamMatcher.Decide(_stack["frazil-test-vending-role"].Text("assumeRolePolicy"), who, "sts:AssumeRole", null) == Effect.Allow);

    [Theory]
    [InlineData("frazil-test-api-role", "Service:lambda.amazonaws.com", true)]
    [InlineData("frazil-test-jobs-role", "Service:lambda.amazonaws.com", true)]
    [InlineData("frazil-test-api-role", "Service:ec2.amazonaws.com", false)]
    [InlineData("frazil-test-api-role", "AWS:" + JobsRole, false)]
    public void The_functions_roles_trust_lambda_alone(string role, string who, bool trusted) =>
        Assert.Equal(trusted, IamMatcher.Decide(_stack[role].Text("assumeRolePolicy"), who, "sts:AssumeRole", null) == Effect.Allow);

    [Fact]
    public void The_schedulers_role_trusts_schedules_of_this_account_alone()
    {
        var trust = _stack["frazil-test-scheduler-role"].Text("assumeRolePolicy");
        Assert.Equal(Effect.Allow, IamMatcher.Decide(trust, "Service:scheduler.amazonaws.com", "sts:AssumeRole", null, ("aws:SourceAccount", Stacks.Account)));
        Assert.Null(IamMatcher.Decide(trust, "Service:scheduler.amazonaws.com", "sts:AssumeRole", null, ("aws:SourceAccount", "210987654321")));
        Assert.Null(IamMatcher.Decide(trust, "Service:scheduler.amazonaws.com", "sts:AssumeRole", null));
    }

    [Fact]
    public void The_scheduler_starts_the_jobs_function_and_no_other()
    {
        var policy = _stack["frazil-test-scheduler-policy"].Text("policy");
        Assert.True(IamMatcher.Allows(policy, "lambda:InvokeFunction", $"arn:aws:lambda:{Stacks.Region}:{Stacks.Account}:function:frazil-test-jobs"));
        Assert.False(IamMatcher.Allows(policy, "lambda:InvokeFunction", $"arn:aws:lambda:{Stacks.Region}:{Stacks.Account}:function:frazil-test-api"));
    }

    [Fact]
    public void Vended_sessions_list_below_the_warehouse_only()
    {
        Assert.True(IamMatcher.Allows(Vending, "s3:ListBucket", Bucket, ("s3:prefix", "warehouse/0198c2d4/")));
        Assert.False(IamMatcher.Allows(Vending, "s3:ListBucket", Bucket, ("s3:prefix", "warehouse2/")));
        Assert.False(IamMatcher.Allows(Vending, "s3:ListBucket", Bucket, ("s3:prefix", "")));
        Assert.False(IamMatcher.Allows(Vending, "s3:ListBucket", Bucket));
        Assert.True(IamMatcher.Allows(Vending, "s3:PutObject", Data));
        Assert.False(IamMatcher.Allows(Vending, "dynamodb:GetItem", Table));
    }

    [Fact]
    public void The_api_reads_the_root_secret_and_no_other_parameter()
    {
        var root = $"arn:aws:ssm:{Stacks.Region}:{Stacks.Account}:parameter/frazil-test/root-client-secret";
        Assert.True(IamMatcher.Allows(Api, "ssm:GetParameter", root));
        Assert.False(IamMatcher.Allows(Api, "ssm:GetParameter", root + "2"));
        Assert.False(IamMatcher.Allows(Jobs, "ssm:GetParameter", root));
    }

    [Fact]
    public void Each_function_writes_its_own_logs()
    {
        const string logs = $"arn:aws:logs:{Stacks.Region}:{Stacks.Account}:log-group:/frazil-test/";
        Assert.True(IamMatcher.Allows(Api, "logs:PutLogEvents", logs + "api:log-stream:a"));
        Assert.False(IamMatcher.Allows(Api, "logs:PutLogEvents", logs + "jobs:log-stream:a"));
        Assert.True(IamMatcher.Allows(Jobs, "logs:CreateLogStream", logs + "jobs:log-stream:a"));
    }

    [Fact]
    public void No_role_can_do_what_none_may()
    {
        string[] resources = [Table, Bucket, Metadata, Data, ApiRole, JobsRole, VendingRole, $"arn:aws:lambda:{Stacks.Region}:{Stacks.Account}:function:frazil-test-api"];
        foreach (var policy in _stack.OfType("aws:iam/rolePolicy:RolePolicy"))
        {
            Assert.All(
                Forbidden,
                action => Assert.All(resources, resource => Assert.False(IamMatcher.Allows(policy.Text("policy"), action, resource), $"{policy.Name} allows {action}")));
        }
    }

    [Fact]
    public void No_policy_of_a_role_allows_every_action_or_every_resource()
    {
        foreach (var policy in _stack.OfType("aws:iam/rolePolicy:RolePolicy"))
        {
            using var document = JsonDocument.Parse(policy.Text("policy"));
            foreach (var statement in document.RootElement.GetProperty("Statement").EnumerateArray())
            {
                Assert.All(IamMatcher.Strings(statement.GetProperty("Action")), action => Assert.DoesNotContain('*', action));
                Assert.All(
                    IamMatcher.Strings(statement.GetProperty("Resource")),
                    resource => Assert.Matches("^arn:aws:[a-z0-9]+:[a-z0-9-]*:[0-9]*:[^*]+", resource));
            }
        }
    }

    [Fact]
    public async Task Every_policy_is_valid_json_with_distinct_statement_ids()
    {
        var every = await Stacks.AwsAsync(
            ("customerKey", "true"),
            ("frontDoor", "httpApi"),
            ("allowedLocations", "s3://lake-one/a/b,s3://lake-one/c,s3://lake-two"));
        var policies = every.Mocks.All.SelectMany(resource => new[] { "policy", "assumeRolePolicy" }
            .Where(resource.Inputs.ContainsKey).Select(key => (resource.Name, Text: resource.Text(key)))).ToList();
        Assert.Equal(11, policies.Count); // four roles with trust and rights, bucket, queue, topic
        Assert.All(policies, policy =>
        {
            using var document = JsonDocument.Parse(policy.Text);
            var ids = document.RootElement.GetProperty("Statement").EnumerateArray().Select(statement => statement.GetProperty("Sid").GetString()!).ToList();
            Assert.Equal(ids.Count, ids.Distinct().Count());
            Assert.All(ids, id => Assert.Matches("^[A-Za-z0-9]+$", id));
            Assert.True(policy.Text.Length <= 10_240, $"{policy.Name} is longer than a role's inline policies may be together.");
        });
    }

    [Fact]
    public async Task Allowed_locations_widen_the_roles_by_just_themselves()
    {
        var stack = await Stacks.AwsAsync(("allowedLocations", "s3://lake/team/a"));
        var api = stack["frazil-test-api-policy"].Text("policy");
        var vending = stack["frazil-test-vending-policy"].Text("policy");
        Assert.True(IamMatcher.Allows(api, "s3:PutObject", "arn:aws:s3:::lake/team/a/t/metadata/1.metadata.json"));
        Assert.False(IamMatcher.Allows(api, "s3:PutObject", "arn:aws:s3:::lake/team/ab/t/metadata/1.metadata.json"));
        Assert.True(IamMatcher.Allows(vending, "s3:PutObject", "arn:aws:s3:::lake/team/a/t/data/1.parquet"));
        Assert.False(IamMatcher.Allows(vending, "s3:PutObject", "arn:aws:s3:::lake/team/b/t/data/1.parquet"));
        Assert.False(IamMatcher.Allows(vending, "s3:ListBucket", "arn:aws:s3:::lake", ("s3:prefix", "team/ab/")));
        Assert.True(IamMatcher.Allows(api, "s3:PutObject", Metadata));
    }

    [Fact]
    public void The_matcher_itself_denies_what_is_denied()
    {
        var policy = new PolicyDocument(
            new Statement("All", Effect.Allow, ["s3:Get*"], ["arn:aws:s3:::b/*"]),
            new Statement("Not", Effect.Deny, ["s3:*"], ["arn:aws:s3:::b/secret/?"]) { Conditions = [new("Bool", "aws:SecureTransport", "false")] }).ToJson();
        Assert.True(IamMatcher.Allows(policy, "s3:GetObject", "arn:aws:s3:::b/secret/1"));
        Assert.True(IamMatcher.Allows(policy, "s3:GetObject", "arn:aws:s3:::b/secret/1", ("aws:SecureTransport", "true")));
        Assert.False(IamMatcher.Allows(policy, "s3:GetObject", "arn:aws:s3:::b/secret/1", ("aws:SecureTransport", "false")));
        Assert.True(IamMatcher.Allows(policy, "s3:GetObject", "arn:aws:s3:::b/secret/12", ("aws:SecureTransport", "false")));
        Assert.False(IamMatcher.Allows(policy, "s3:PutObject", "arn:aws:s3:::b/x"));
    }
}
