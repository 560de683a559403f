using Workflows.Data.Live;

namespace Workflows.Api.Live;

/// <summary>Notifications as live messages. Their ids are those of the rows, so that nothing is ever missed.</summary>
internal static class UserNews
{
    public static LiveFrame Frame(Guid id, string kind, string level, DateTimeOffset at) =>
        LiveFrame.Of(id.ToString(), LiveMessage.Of(LiveTopics.User, "notification.created", at, data =>
        {
            data.WriteString("id"u8, id);
            data.WriteString("kind"u8, kind);
            data.WriteString("level"u8, level);
        }));
}
