using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Connect.RingDaemon.Membership;

/// <summary>A few names in ordinal order, each once. Two are equal if they hold the same names, so that a record with one in it is equal by value.</summary>
[JsonConverter(typeof(AsArray))]
public sealed class NameList : IEquatable<NameList>
{
    private readonly ImmutableArray<string> _names;

    public NameList(IEnumerable<string> names) => _names = [.. names.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    public static NameList None { get; } = new([]);

    public ImmutableArray<string> Names => _names;

    public bool Equals(NameList? other) => other is not null && _names.SequenceEqual(other._names);

    public override bool Equals(object? obj) => Equals(obj as NameList);

    public override int GetHashCode() => _names.Aggregate(0, HashCode.Combine);

    public override string ToString() => string.Join(' ', _names);

    /// <summary>In JSON it is an array; null is nobody.</summary>
    private sealed class AsArray : JsonConverter<NameList>
    {
        public override bool HandleNull => true;

        public override NameList Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => new((JsonSerializer.Deserialize<string?[]>(ref reader, options) ?? []).OfType<string>());

        public override void Write(Utf8JsonWriter writer, NameList value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value.Names, options);
    }
}
