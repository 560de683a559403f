using System.Text.Json.Nodes;

namespace Workflows.Attack.Attacks;

/// <summary>Events that only the platform may make: that a person has decided, for example.</summary>
internal sealed class ForgedEvents : IAttack
{
    private static readonly (string Type, string Source)[] Forgeries =
    [
        ("approval.decided", "/approvals"), ("approval.decided", "/shop"), ("approval.expired", "/approvals"),
    ];

    public string Name => "forged-events";

    public string Promise => "nobody publishes an event that tells of an approval";

    public async Task<Verdict> RunAsync(Stage stage, CancellationToken cancellationToken)
    {
        var taken = new List<string>();
        foreach (var (type, source) in Forgeries)
        {
            try
            {
                await stage.A.PostAsync("/api/v1/events", new JsonObject
                {
                    ["specversion"] = "1.0",
                    ["id"] = Guid.CreateVersion7().ToString(),
                    ["type"] = type,
                    ["source"] = source,
                    ["data"] = new JsonObject { ["outcome"] = "approved" },
                }, cancellationToken);
                taken.Add($"{type} from {source}");
            }
            catch (RefusedException)
            {
                // As it should be.
            }
        }

        return new Verdict(
            taken.Count == 0, taken.Count == 0 ? $"{Forgeries.Length} refused" : $"taken: {string.Join(", ", taken)}");
    }
}
