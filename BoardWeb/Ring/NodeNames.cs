using Connect.BoardWeb.Archive;

namespace Connect.BoardWeb.Ring;

/// <summary>Which node an origin belongs to, as far as this node's daemon has said so. Origins of retired incarnations keep their number.</summary>
public sealed class NodeNames
{
    private volatile Dictionary<long, string> _names = new Dictionary<long, string>();

    /// <summary>The node's name, or <c>#12</c>; <c>import</c> for what was imported.</summary>
    public string this[long serverId] => serverId == ImportedRow.Origin ? "import" : _names.TryGetValue(serverId, out var name) ? name : $"#{serverId}";

    /// <summary>Takes over what a report says; what it does not mention is kept.</summary>
    public void Learn(NodeReport report)
    {
        var known = report.Members?.Where(m => m.ServerId is not null).ToList() ?? [];
        if (known.All(m => _names.TryGetValue(m.ServerId!.Value, out var name) && name == m.Name)) return;
        var names = new Dictionary<long, string>(_names);
        foreach (var member in known) names[member.ServerId!.Value] = member.Name;
        _names = names;
    }
}
