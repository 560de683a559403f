using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;
using Workflows.Data.Live;

namespace Workflows.Api.Http;

/// <summary>Tells who looks on what was done, with names and ids; before and after are read from the trail.</summary>
internal sealed class ActivityNews(LivePublisher publisher)
{
    public void Tell(IReadOnlyList<UserActivity> recorded)
    {
        foreach (var tenant in recorded.GroupBy(activity => activity.TenantId))
        {
            var messages = new List<LiveMessage>();
            foreach (var activity in tenant)
            {
                messages.Add(Of(LiveTopics.Activity, activity));
                if (activity is { ObjectType: "workflow", ObjectId: { } workflowId })
                {
                    messages.Add(Of(LiveTopics.Workflow(workflowId), activity));
                }
                else if (activity.ObjectType == "announcement")
                {
                    TellAll(activity);
                }
                else if (activity is { ObjectType: "execution", ObjectId: { } executionId })
                {
                    messages.Add(Of(LiveTopics.Execution(executionId), activity));
                }
            }

            publisher.Publish(tenant.Key, messages);
        }
    }

    // Whom it is for is judged when it is read, so its title is not told here. The platform's own is for all tenants.
    private void TellAll(UserActivity activity) =>
        publisher.Publish(
            activity.TenantId == PlatformTenant.Id ? Guid.Empty : activity.TenantId,
            [
                LiveMessage.Of(
                    LiveTopics.System, activity.Action, activity.At,
                    data => data.WriteString("id"u8, activity.ObjectId!.Value)),
            ]);

    private static LiveMessage Of(string topic, UserActivity activity) =>
        LiveMessage.Of(topic, activity.Action, activity.At, data =>
        {
            data.WriteString("id"u8, activity.Id);
            data.WriteString("actorType"u8, activity.ActorType);
            if (activity.ActorId is { } actorId)
            {
                data.WriteString("actorId"u8, actorId);
            }

            data.WriteString("actor"u8, activity.ActorName);
            data.WriteString("objectType"u8, activity.ObjectType);
            if (activity.ObjectId is { } objectId)
            {
                data.WriteString("objectId"u8, objectId);
            }

            if (activity.ObjectName is { } name)
            {
                data.WriteString("objectName"u8, name);
            }
        });
}
