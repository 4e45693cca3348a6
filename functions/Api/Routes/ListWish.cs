using System.Text.Json;
using Frazil.Iceberg;

namespace Frazil.Api;

/// <summary>
/// What a list is asked to show beside the names: <c>returnUuids</c> and <c>returnProtectionStatus</c>, as Lakekeeper's lists have them. The REST specification's lists have neither;
/// without them nobody could find the ids that management routes want.
/// </summary>
internal sealed record ListWish(bool Ids, bool Protection)
{
    public static ListWish Of(ApiRequest request) =>
        new(request.Target.QueryBoolean("returnUuids") ?? false, request.Target.QueryBoolean("returnProtectionStatus") ?? false);

    /// <summary>Writes what is wished: arrays that stand beside the names, in their order.</summary>
    public void WriteTo<T>(Utf8JsonWriter writer, string ids, IReadOnlyList<Listed<T>> listed)
    {
        if (Ids)
        {
            writer.WriteStrings(ids, listed.Select(item => item.Id.ToString()));
        }

        if (Protection)
        {
            writer.WriteStartArray("protection-status");
            foreach (var item in listed)
            {
                writer.WriteBooleanValue(item.Protected);
            }

            writer.WriteEndArray();
        }
    }
}
