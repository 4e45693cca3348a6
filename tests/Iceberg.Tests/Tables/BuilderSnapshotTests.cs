namespace Frazil.Iceberg;

/// <summary>Snapshots, references, their log, statistics and keys.</summary>
public sealed class BuilderSnapshotTests
{
    private const long Added = Samples.LastUpdated + 1000;

    [Fact]
    [Trait("Behaviour", "187")]
    public void A_snapshot_that_main_is_set_to_is_current_since_its_own_time()
    {
        var changed = Samples.Change(Samples.TableV2, Samples.AddSnapshot(3, 3, parent: 2), Samples.SetMain(3)).Metadata;

        Assert.Equal((3, 3), (changed.CurrentSnapshotId, changed.LastSequenceNumber));
        Assert.Equal(new SnapshotLogEntry(Added, 3), changed.SnapshotLog[^1]);
        Assert.Equal(3, changed.SnapshotLog.Count);
        Assert.Equal("append", changed.CurrentSnapshot!.Summary["operation"]);
    }

    [Fact]
    [Trait("Behaviour", "188")]
    public void A_snapshot_id_is_used_once()
    {
        Samples.Invalid("Snapshot already exists for id: 2", () => Samples.Change(Samples.TableV2, Samples.AddSnapshot(2, 3, parent: 1)));
        Samples.Invalid("Snapshot already exists for id: 3", () => Samples.Change(Samples.TableV2, Samples.AddSnapshot(3, 3, parent: 1), Samples.AddSnapshot(3, 4, parent: 1)));
    }

    [Theory]
    [Trait("Behaviour", "189")]
    [InlineData(2)]
    [InlineData(1)]
    public void A_stale_sequence_number_is_a_conflict_for_the_client_to_retry(long sequence)
    {
        var refusal = Samples.Refused(
            ErrorKind.CommitFailed,
            "Validation failed, please retry: ",
            () => Samples.Change(Samples.TableV2, Samples.AddSnapshot(3, sequence, parent: 2)));

        Assert.Equal($"Validation failed, please retry: Cannot add snapshot with sequence number {sequence} older than last sequence number 2", refusal.Message);
    }

    [Fact]
    [Trait("Behaviour", "190")]
    public void A_stale_sequence_number_without_a_parent_is_taken_and_the_last_one_does_not_fall()
    {
        Assert.Equal(2, Samples.Change(Samples.TableV2, Samples.AddSnapshot(3, 1)).Metadata.LastSequenceNumber);
    }

    [Fact]
    public void A_snapshot_of_version_1_has_no_sequence_number_and_may_list_its_manifests()
    {
        var v1 = Samples.Parse(Samples.EarlyV1);

        Samples.Invalid("Sequence number must be 0 in v1: 1", () => Samples.Change(v1, Samples.AddSnapshot(8, 1, parent: 7)));
        const string old = """{"action": "add-snapshot", "snapshot": {"snapshot-id": 8, "timestamp-ms": 1700000000000, "manifests": ["s3://m"]}}""";
        Assert.Equal(2, Samples.Change(v1, old).Metadata.Snapshots.Count);
        Samples.Invalid("without a manifest list", () => Samples.Change(Samples.TableV2, old));
    }

    [Fact]
    [Trait("Behaviour", "191")]
    public void Row_ids_are_taken_in_turn()
    {
        var v3 = Samples.TableV3;
        Samples.Invalid("Cannot add a snapshot: first-row-id is null", () => Samples.Change(v3, Samples.AddSnapshot(3, 3, parent: 2)));
        Samples.Invalid("Cannot add a snapshot: added-rows is null", () => Samples.Change(v3, Samples.AddSnapshot(3, 3, parent: 2, more: ", \"first-row-id\": 0")));

        var first = Samples.Change(v3, Samples.AddSnapshot(3, 3, parent: 2, more: ", \"first-row-id\": 0, \"added-rows\": 10"), Samples.SetMain(3)).Metadata;
        Assert.Equal(10, first.NextRowId);
        Assert.Equal(
            "Validation failed, please retry: Cannot add a snapshot, first-row-id is behind table next-row-id: 9 < 10",
            Samples.Refused(ErrorKind.CommitFailed, "", () => Samples.Change(first, Samples.AddSnapshot(4, 4, parent: 3, more: ", \"first-row-id\": 9, \"added-rows\": 1"))).Message);

        Assert.Equal(25, Samples.Change(first, Samples.AddSnapshot(4, 4, parent: 3, more: ", \"first-row-id\": 20, \"added-rows\": 5")).Metadata.NextRowId);
    }

    [Theory]
    [InlineData(0, -1)]
    [InlineData(1, long.MaxValue)]
    public void Row_ids_stay_in_64_bits(long first, long rows)
    {
        Samples.Invalid("invalid added-rows", () => Samples.Change(Samples.TableV3, Samples.AddSnapshot(3, 3, parent: 2, more: $", \"first-row-id\": {first}, \"added-rows\": {rows}")));
    }

    [Fact]
    [Trait("Behaviour", "192")]
    public void A_snapshot_that_nothing_refers_to_is_staged()
    {
        var changed = Samples.Change(Samples.TableV2, Samples.AddSnapshot(3, 3, parent: 2)).Metadata;

        Assert.NotNull(changed.Snapshot(3));
        Assert.Equal(2, changed.CurrentSnapshotId);
        Assert.Equal(Samples.TableV2.SnapshotLog, changed.SnapshotLog);
    }

    [Fact]
    [Trait("Behaviour", "193")]
    public void A_references_retention_is_set_as_a_whole()
    {
        const string full = """{"action": "set-snapshot-ref", "ref-name": "audit", "type": "branch", "snapshot-id": 1, "min-snapshots-to-keep": 5, "max-snapshot-age-ms": 6, "max-ref-age-ms": 7}""";
        var changed = Samples.Change(Samples.TableV2, full).Metadata;
        Assert.Equal(new SnapshotReference(1, SnapshotReferenceType.Branch, 5, 6, 7), changed.Refs["audit"]);
        Assert.False(Samples.Change(changed, full).HasChanges);

        var cleared = Samples.Change(changed, """{"action": "set-snapshot-ref", "ref-name": "audit", "type": "branch", "snapshot-id": 1}""").Metadata;
        Assert.Equal(new SnapshotReference(1, SnapshotReferenceType.Branch), cleared.Refs["audit"]);
        Assert.Equal(["main", "first", "audit"], cleared.Refs.Keys);
    }

    [Theory]
    [Trait("Behaviour", "194")]
    [InlineData("main", "branch", 9, "", "Cannot set main to unknown snapshot: 9")]
    [InlineData("b", "tag", 9, "", "Cannot set b to unknown snapshot: 9")]
    [InlineData("main", "tag", 1, "", "main must be a branch")]
    [InlineData("t", "tag", 1, ", \"min-snapshots-to-keep\": 1", "Tags do not support setting minSnapshotsToKeep")]
    [InlineData("t", "tag", 1, ", \"max-snapshot-age-ms\": 1", "Tags do not support setting maxSnapshotAgeMs")]
    [InlineData("b", "branch", 1, ", \"min-snapshots-to-keep\": 0", "Min snapshots to keep must be greater than 0")]
    [InlineData("b", "branch", 1, ", \"max-snapshot-age-ms\": -1", "Max snapshot age must be greater than 0 ms")]
    [InlineData("t", "tag", 1, ", \"max-ref-age-ms\": 0", "Max reference age must be greater than 0")]
    public void A_reference_that_cannot_be_is_refused(string name, string type, long snapshot, string retention, string message)
    {
        Samples.Invalid(
            message,
            () => Samples.Change(Samples.TableV2, $$"""{"action": "set-snapshot-ref", "ref-name": "{{name}}", "type": "{{type}}", "snapshot-id": {{snapshot}}{{retention}}}"""));
    }

    [Fact]
    [Trait("Behaviour", "195")]
    public void A_rollback_is_logged_with_the_time_of_the_commit()
    {
        var changed = Samples.Change(Samples.TableV2, Samples.SetMain(1)).Metadata;

        Assert.Equal(1, changed.CurrentSnapshotId);
        Assert.Equal(new SnapshotLogEntry(Samples.Now.ToUnixTimeMilliseconds(), 1), changed.SnapshotLog[^1]);
    }

    [Fact]
    [Trait("Behaviour", "196")]
    public void Without_main_there_is_no_current_snapshot_but_a_history()
    {
        var v2 = Samples.Change(Samples.TableV2, """{"action": "remove-snapshot-ref", "ref-name": "main"}""").Metadata;
        var v3 = Samples.Change(Samples.TableV3, """{"action": "remove-snapshot-ref", "ref-name": "main"}""").Metadata;

        Assert.Equal(-1, (long?)Samples.Node(v2)["current-snapshot-id"]);
        Assert.Null(Samples.Node(v3)["current-snapshot-id"]);
        Assert.Equal(2, v2.SnapshotLog.Count);
        Assert.Equal(["first"], v2.Refs.Keys);
        Assert.Equal(["main"], Samples.Change(Samples.TableV2, """{"action": "remove-snapshot-ref", "ref-name": "first"}""").Metadata.Refs.Keys);
    }

    [Fact]
    [Trait("Behaviour", "197")]
    public void A_removed_snapshot_takes_its_statistics_references_and_the_history_before_it_along()
    {
        var changed = Samples.Change(Samples.TableV2, """{"action": "remove-snapshots", "snapshot-ids": [1, 99]}""").Metadata;

        Assert.Equal([2], changed.Snapshots.Select(snapshot => snapshot.SnapshotId));
        Assert.Empty(changed.Statistics);
        Assert.Empty(changed.PartitionStatistics);
        Assert.Equal(["main"], changed.Refs.Keys);
        Assert.Equal([2], changed.SnapshotLog.Select(entry => entry.SnapshotId));
    }

    [Fact]
    [Trait("Behaviour", "197")]
    public void A_gap_in_the_middle_of_history_ends_it_there()
    {
        var four = Samples.Change(Samples.TableV2, Samples.AddSnapshot(3, 3, 2), Samples.SetMain(3)).Metadata;
        four = Samples.Change(four, Samples.AddSnapshot(4, 4, 3), Samples.SetMain(4)).Metadata;

        Assert.Equal([3, 4], Samples.Change(four, """{"action": "remove-snapshots", "snapshot-ids": [2]}""").Metadata.SnapshotLog.Select(entry => entry.SnapshotId));
    }

    [Fact]
    public void Removing_the_current_snapshot_removes_main()
    {
        var changed = Samples.Change(Samples.TableV2, """{"action": "remove-snapshots", "snapshot-ids": [2]}""").Metadata;

        Assert.Null(changed.CurrentSnapshotId);
        Assert.Equal(["first"], changed.Refs.Keys);
        Assert.Empty(changed.SnapshotLog);
    }

    [Fact]
    public void A_reference_that_moved_away_survives_the_snapshot_it_left()
    {
        var changed = Samples.Change(
            Samples.TableV2,
            """{"action": "remove-snapshots", "snapshot-ids": [77]}""",
            """{"action": "set-snapshot-ref", "ref-name": "first", "type": "tag", "snapshot-id": 2}""",
            """{"action": "set-snapshot-ref", "ref-name": "second", "type": "tag", "snapshot-id": 1}""",
            """{"action": "remove-snapshots", "snapshot-ids": [1]}""").Metadata;

        Assert.Equal(["main", "first"], changed.Refs.Keys);
    }

    [Fact]
    public void A_snapshot_may_be_removed_and_come_again_in_one_commit()
    {
        var changed = Samples.Change(
            Samples.TableV2,
            """{"action": "remove-snapshots", "snapshot-ids": [1]}""",
            Samples.AddSnapshot(1, 5, parent: 2),
            Samples.AddSnapshot(6, 6, parent: 2),
            """{"action": "remove-snapshots", "snapshot-ids": [6]}""").Metadata;

        Assert.Equal([2, 1], changed.Snapshots.Select(snapshot => snapshot.SnapshotId));
        Assert.Equal(5, changed.Snapshot(1)!.SequenceNumber);
    }

    [Fact]
    [Trait("Behaviour", "198")]
    public void A_snapshot_that_was_current_only_within_the_commit_is_not_logged()
    {
        var changed = Samples.Change(
            Samples.TableV2, Samples.AddSnapshot(3, 3, 2), Samples.SetMain(3), Samples.AddSnapshot(4, 4, 3), Samples.SetMain(4)).Metadata;

        Assert.Equal([1, 2, 4], changed.SnapshotLog.Select(entry => entry.SnapshotId));
        Assert.Equal([1, 2, 3, 4], changed.Snapshots.Select(snapshot => snapshot.SnapshotId));
    }

    [Fact]
    public void A_writer_whose_clock_runs_ahead_does_not_stop_the_others()
    {
        var ahead = Samples.Change(Samples.TableV2, Samples.AddSnapshot(3, 3, 2, timestamp: Added + 10_000_000), Samples.SetMain(3)).Metadata;
        Assert.Equal(Added + 10_000_000, ahead.LastUpdatedMs);

        var next = Samples.Change(ahead, Samples.AddSnapshot(4, 4, 3, timestamp: Added), Samples.SetMain(4)).Metadata;

        Assert.Equal(new SnapshotLogEntry(Added + 10_000_000, 4), next.SnapshotLog[^1]);
        Assert.Equal(Added, next.Snapshot(4)!.TimestampMs);
        Assert.Equal(next.ToJson(), TableMetadata.Parse(next.ToJson()).ToJson());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public void A_time_that_cannot_be_is_refused(long timestamp)
    {
        Samples.Invalid($"timestamp-ms {timestamp} is not between", () => Samples.Change(Samples.TableV2, Samples.AddSnapshot(3, 3, 2, timestamp)));
    }

    [Fact]
    [Trait("Behaviour", "199")]
    public void A_snapshot_has_one_statistics_file()
    {
        static string Set(string path) =>
            $$$"""{"action": "set-statistics", "snapshot-id": 2, "statistics": {"snapshot-id": 2, "statistics-path": "{{{path}}}", "file-size-in-bytes": 1, "file-footer-size-in-bytes": 1, "blob-metadata": []}}""";

        var changed = Samples.Change(Samples.TableV2, Set("a"), Set("b")).Metadata;
        Assert.Equal([(1, "s3://lake/db/t/metadata/1.stats"), (2, "b")], changed.Statistics.Select(file => ((int)file.SnapshotId, file.StatisticsPath)));
        Assert.Equal([2], Samples.Change(changed, """{"action": "remove-statistics", "snapshot-id": 1}""").Metadata.Statistics.Select(file => file.SnapshotId));
    }

    [Fact]
    [Trait("Behaviour", "200")]
    public void A_snapshot_has_one_partition_statistics_file()
    {
        static string Set(string path) =>
            $$$"""{"action": "set-partition-statistics", "partition-statistics": {"snapshot-id": 2, "statistics-path": "{{{path}}}", "file-size-in-bytes": 1}}""";

        var changed = Samples.Change(Samples.TableV2, Set("a"), Set("b")).Metadata;
        Assert.Equal([(1, "s3://lake/db/t/metadata/1.pstats"), (2, "b")], changed.PartitionStatistics.Select(file => ((int)file.SnapshotId, file.StatisticsPath)));
        Assert.Equal(
            [2], Samples.Change(changed, """{"action": "remove-partition-statistics", "snapshot-id": 1}""").Metadata.PartitionStatistics.Select(file => file.SnapshotId));
    }

    [Fact]
    [Trait("Behaviour", "201")]
    public void Keys_are_added_once_and_removed()
    {
        const string add = """{"action": "add-encryption-key", "encryption-key": {"key-id": "k", "encrypted-key-metadata": "AA==", "encrypted-by-id": "m", "properties": {"a": "b"}, "x": null}}""";
        var changed = Samples.Change(Samples.TableV3, add).Metadata;

        Assert.Equal("""[{"key-id":"k","encrypted-key-metadata":"AA==","encrypted-by-id":"m","properties":{"a":"b"}}]""", Samples.Node(changed)["encryption-keys"]!.ToJsonString());
        Assert.False(Samples.Change(changed, add).HasChanges);
        Assert.Empty(Samples.Change(changed, """{"action": "remove-encryption-key", "key-id": "k"}""").Metadata.EncryptionKeys);
        Samples.Invalid("encryption is not supported until v3", () => Samples.Change(Samples.TableV2, add));
    }
}
