namespace Frazil.Iceberg;

public sealed class TableRequirementTests
{
    [Theory]
    [Trait("Behaviour", "158")]
    [InlineData(Samples.Uuid)]
    [InlineData("9C12D441-03FE-4693-9A96-A0705DDF69C1")]
    public void Table_uuid_holds_whatever_its_letter_case(string uuid)
    {
        Holds($$"""{"type": "assert-table-uuid", "uuid": "{{uuid}}"}""");
    }

    [Fact]
    [Trait("Behaviour", "158")]
    public void Table_uuid_fails_at_another_one()
    {
        Fails("""{"type": "assert-table-uuid", "uuid": "x"}""", $"Requirement failed: UUID does not match: expected {Samples.Uuid} != x");
    }

    [Theory]
    [Trait("Behaviour", "159")]
    [InlineData("""{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 2}""")]
    [InlineData("""{"type": "assert-ref-snapshot-id", "ref": "none", "snapshot-id": null}""")]
    [InlineData("""{"type": "assert-ref-snapshot-id", "ref": "none"}""")]
    [InlineData("""{"type": "assert-ref-snapshot-id", "ref": "first", "snapshot-id": 1}""")]
    public void Ref_holds_at_its_snapshot_and_null_when_there_is_none(string requirement) => Holds(requirement);

    [Theory]
    [Trait("Behaviour", "159")]
    [Trait("Behaviour", "160")]
    [InlineData("""{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 1}""", "branch main has changed: expected id 1 != 2")]
    [InlineData("""{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": null}""", "branch main was created concurrently")]
    [InlineData("""{"type": "assert-ref-snapshot-id", "ref": "main"}""", "branch main was created concurrently")]
    [InlineData("""{"type": "assert-ref-snapshot-id", "ref": "first", "snapshot-id": 2}""", "tag first has changed: expected id 2 != 1")]
    [InlineData("""{"type": "assert-ref-snapshot-id", "ref": "first"}""", "tag first was created concurrently")]
    [InlineData("""{"type": "assert-ref-snapshot-id", "ref": "none", "snapshot-id": 7}""", "branch or tag none is missing, expected 7")]
    public void Ref_fails_when_it_has_moved_come_or_gone(string requirement, string reason) => Fails(requirement, $"Requirement failed: {reason}");

    [Fact]
    public void Main_of_a_table_without_references_is_its_current_snapshot()
    {
        TableRequirement.Read(Samples.Element("""{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 7}""")).Check(Samples.Parse(Samples.EarlyV1));
    }

    [Theory]
    [Trait("Behaviour", "161")]
    [Trait("Behaviour", "162")]
    [Trait("Behaviour", "163")]
    [Trait("Behaviour", "164")]
    [Trait("Behaviour", "165")]
    [InlineData("assert-last-assigned-field-id", "last-assigned-field-id", 3, "last assigned field id changed: expected id 8 != 3")]
    [InlineData("assert-current-schema-id", "current-schema-id", 0, "current schema changed: expected id 8 != 0")]
    [InlineData("assert-last-assigned-partition-id", "last-assigned-partition-id", 1000, "last assigned partition id changed: expected id 8 != 1000")]
    [InlineData("assert-default-spec-id", "default-spec-id", 0, "default partition spec changed: expected id 8 != 0")]
    [InlineData("assert-default-sort-order-id", "default-sort-order-id", 1, "default sort order changed: expected id 8 != 1")]
    public void An_id_holds_when_it_is_the_tables_and_fails_when_not(string type, string member, int actual, string reason)
    {
        Holds($$"""{"type": "{{type}}", "{{member}}": {{actual}}}""");
        Fails($$"""{"type": "{{type}}", "{{member}}": 8}""", $"Requirement failed: {reason}");
    }

    [Fact]
    public void Create_holds_only_while_there_is_no_table()
    {
        TableRequirement.Read(Samples.Element("""{"type": "assert-create"}""")).Check(null);
        Fails("""{"type": "assert-create"}""", "Requirement failed: table already exists");
    }

    [Fact]
    public void Nothing_else_holds_of_a_table_that_does_not_exist()
    {
        Assert.All(
            [
                """{"type": "assert-table-uuid", "uuid": "x"}""",
                """{"type": "assert-ref-snapshot-id", "ref": "main"}""",
                """{"type": "assert-current-schema-id", "current-schema-id": 0}""",
            ],
            requirement => Samples.Refused(
                ErrorKind.CommitFailed, "Requirement failed: table does not exist", () => TableRequirement.Read(Samples.Element(requirement)).Check(null)));
    }

    [Theory]
    [Trait("Behaviour", "167")]
    [InlineData("""{"type": "assert-view-uuid", "uuid": "x"}""")]
    [InlineData("""{"type": "assert-everything"}""")]
    [InlineData("""{"uuid": "x"}""")]
    [InlineData("""{"type": 7}""")]
    [InlineData("""{"type": "assert-current-schema-id"}""")]
    [InlineData("""{"type": "assert-current-schema-id", "current-schema-id": "0"}""")]
    [InlineData("""{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 1.5}""")]
    [InlineData("7")]
    public void What_is_no_requirement_of_a_table_is_refused(string requirement)
    {
        Assert.Equal(ErrorKind.BadRequest, Assert.Throws<CatalogException>(() => TableRequirement.Read(Samples.Element(requirement))).Kind);
    }

    [Fact]
    public void The_type_may_stand_anywhere_in_any_letter_case()
    {
        Holds($$"""{"uuid": "{{Samples.Uuid}}", "type": "ASSERT-Table-Uuid"}""");
    }

    private static void Holds(string requirement) => TableRequirement.Read(Samples.Element(requirement)).Check(Samples.TableV2);

    private static void Fails(string requirement, string message) =>
        Assert.Equal(message, Samples.Refused(ErrorKind.CommitFailed, "", () => TableRequirement.Read(Samples.Element(requirement)).Check(Samples.TableV2)).Message);
}
