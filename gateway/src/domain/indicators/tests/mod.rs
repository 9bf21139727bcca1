mod fixture;
mod properties;
