using Microsoft.EntityFrameworkCore;

namespace Workflows.Api.Http;

/// <summary>Calendars by what people call them: the name, in any case, or the id. The same wherever one is
/// named.</summary>
internal static class CalendarNames
{
    /// <returns>Null when the tenant has no such calendar.</returns>
    public static async Task<Guid?> FindCalendarAsync(this ApiRequest request, string nameOrId, CancellationToken token)
    {
        var lower = nameOrId.ToLowerInvariant();
        var isId = Guid.TryParse(nameOrId, out var id);
        return await request.Db.Calendars
#pragma warning disable CA1304, CA1311, CA1862 // translated to lower() of the database, whose index it is
            .Where(row => isId ? row.Id == id : row.Name.ToLower() == lower)
#pragma warning restore CA1304, CA1311, CA1862
            .Select(row => (Guid?)row.Id).FirstOrDefaultAsync(token);
    }
}
